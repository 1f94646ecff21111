#include "sim/sim-disk.h"

#include <algorithm>
#include <utility>

namespace banyan::sim {

void SimDisk::add(Job job, Micros now) {
    const Micros begins = std::max(now + (free_at_ <= now ? model_.latency : 0), free_at_);
    free_at_ = begins + std::max<Micros>(1, model_.page);
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
    end.sound = true;
    if (kept_.count(write.key) > 0) return end;
    while (static_cast<int64_t>(kept_.size()) >= model_.pages) {
        end.news.removed.push_back(by_use_.front());
        kept_.erase(by_use_.front());
        by_use_.pop_front();
    }
    by_use_.push_back(write.key);
    kept_.emplace(write.key, Kept{std::move(job.cells), std::prev(by_use_.end())});
    return end;
}

}  // namespace banyan::sim
