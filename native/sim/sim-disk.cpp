#include "sim/sim-disk.h"

#include <algorithm>
#include <utility>

namespace banyan::sim {

void SimDisk::add(Job job, Micros now) {
    const Micros begins = std::max(now + (free_at_ <= now ? model_.latency : 0), free_at_);
    const PageRead * const read = std::get_if<PageRead>(&job.what);
    const bool is_state = read ? read->is_state : std::get<PageWrite>(job.what).state != kNoState;
    free_at_ = begins + std::max<Micros>(1, size(is_state) * model_.page);
    if (model_.stall_every > 0 && free_at_ / model_.stall_every != begins / model_.stall_every)
        free_at_ += model_.stall;
    job.ends = free_at_;
    under_way_.push_back(std::move(job));
}

SimDisk::End SimDisk::end_next() {
    Job job = std::move(under_way_.front());
    under_way_.pop_front();
    End end;
    end.time = job.ends;
    if (const PageRead * read = std::get_if<PageRead>(&job.what)) {
        end.job = read->job;
        end.is_read = true;
        const auto found = kept_.find(read->key);
        if (found == kept_.end()) return end;
        end.sound = true;
        end.cells = found->second.cells;
        by_use_.splice(by_use_.end(), by_use_, found->second.use);
        return end;
    }
    const PageWrite & write = std::get<PageWrite>(job.what);
    end.job = write.job;
    keep(write, std::move(job.cells), end);
    return end;
}

void SimDisk::keep(const PageWrite & write, Cells cells, End & end) {
    const bool is_state = write.state != kNoState;
    end.sound = size(is_state) <= model_.pages;
    if (!end.sound || kept_.count(write.key) > 0) return;
    while (n_pages_ + size(is_state) > model_.pages) {
        const PageKey key = by_use_.front();
        const auto victim = kept_.find(key);
        (victim->second.is_state ? end.state_news : end.news).removed.push_back(key);
        n_pages_ -= size(victim->second.is_state);
        kept_.erase(victim);
        by_use_.pop_front();
    }
    by_use_.push_back(write.key);
    kept_.emplace(write.key, Kept{std::move(cells), is_state, std::prev(by_use_.end())});
    n_pages_ += size(is_state);
}

}  // namespace banyan::sim
