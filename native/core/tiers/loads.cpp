#include "core/tiers/loads.h"

#include <algorithm>

namespace banyan {

int32_t Loads::Load::arrived() const {
    const auto is_missing = [](PageState state) { return state != PageState::here; };
    return static_cast<int32_t>(std::find_if(states.begin(), states.end(), is_missing) - states.begin());
}

/**
 * All of them or none: each page later in a prompt costs more to compute and the same to load, so a part is never
 * better than both.
 */
bool Loads::pays(int32_t n_pages, int32_t begin, Micros now, Micros & takes, Micros & computing) const {
    takes = reading_cost_.read(n_pages, 0, now);
    computing =
        cost_.prefill(static_cast<int64_t>(n_pages) * page_tokens(), static_cast<int64_t>(begin) * page_tokens());
    return !cost_.calibrated() || takes < computing;
}

int32_t Loads::n_expected() const {
    int32_t n = 0;
    for (const auto & [id, load] : loads_) {
        n += static_cast<int32_t>(std::count_if(load.states.begin(), load.states.end(),
                                                [](PageState state) { return state != PageState::here; }));
    }
    return n;
}

int32_t Loads::n_held() const {
    int32_t n = 0;
    for (const auto & [id, load] : loads_) n += static_cast<int32_t>(load.holding->table.pages().size()) - load.begin;
    return n;
}

int32_t Loads::would_bring(const LoadWish & wish, Micros now, Micros & takes) const {
    if (!config_.on || now < rests_until_ || index_.size(Tier::disk) + index_.size(Tier::host) == 0) return 0;
    const int32_t begin = cache_.match(wish.salt, *wish.tokens, wish.n_pages * page_tokens()) / page_tokens();
    const int32_t n_pages = index_.run(*wish.keys, begin, wish.n_pages);
    Micros computing = 0;
    return n_pages > 0 && pays(n_pages, begin, now, takes, computing) ? n_pages : 0;
}

Loads::Answer Loads::bring(const LoadWish & wish, Micros now) {
    if (!config_.on || wish.n_pages == 0) return {};
    const bool nothing_kept = index_.size(Tier::disk) + index_.size(Tier::host) == 0;
    if (nothing_kept && loads_.empty()) return {};
    const std::vector<PageKey> & keys = *wish.keys;
    const int32_t size = page_tokens();
    const int32_t begin = cache_.match(wish.salt, *wish.tokens, wish.n_pages * size) / size;
    if (begin >= wish.n_pages) return {};
    if (const auto other = bringing_.find(keys[begin]); other != bringing_.end()) {
        Load & load = loads_.at(other->second);
        load.cls = std::min(load.cls, wish.cls);
        if (load.request == 0) load.request = wish.request;
        return {other->second, true};
    }
    if (now < rests_until_) return {};
    int32_t n_pages = 0;
    const std::optional<Tier> tier = index_.find(keys[begin]);
    while (tier && begin + n_pages < wish.n_pages && index_.has(keys[begin + n_pages]) &&
           bringing_.count(keys[begin + n_pages]) == 0) {
        ++n_pages;
    }
    const int32_t room = cache_.available() - wish.kept_back;
    if (wish.n_needed - begin > room) return {};
    n_pages = std::min(n_pages, room);
    if (n_pages <= 0) return {};
    Micros takes = 0, computing = 0;
    if (!pays(n_pages, begin, now, takes, computing)) {
        log_.write(wish.request, 0, decision::Recompute{n_pages, *tier, takes, computing});
        return {0, false};
    }
    const bool waits = wish.cls < kClasses;
    if (n_expected() >= config_.most_reading) return {0, true, waits};
    auto holding = cache_.hold(wish.salt);
    holding->lock.owner = wish.program ? wish.program->program : 0;
    cache_.acquire(*holding, *wish.tokens, begin * size);
    std::vector<PageCopy> copies;  // none: it begins with a page
    if ((!waits && !cache_.make_free(n_pages, NodeKind::finished)) ||
        !cache_.reserve(*holding, n_pages * size, copies)) {
        cache_.release(*holding);
        return {};
    }
    const int32_t end = begin + n_pages;
    const Micros patience = std::clamp(4 * takes, kLeastPatience, std::max(kLeastPatience, computing));
    Load load{wish.request,
              holding->lock.owner,
              wish.salt,
              *wish.root,
              wish.cls,
              {wish.tokens->begin(), wish.tokens->begin() + static_cast<ptrdiff_t>(end) * size},
              {keys.begin(), keys.begin() + end},
              std::move(holding),
              begin,
              end,
              *tier,
              std::vector<PageState>(static_cast<size_t>(n_pages), PageState::wanted),
              now,
              now + (cost_.calibrated() ? patience : std::max(kLeastPatience, 4 * takes))};
    for (int32_t page = begin; page < end; ++page) bringing_[keys[page]] = next_load_;
    log_.write(wish.request, wish.program && !wish.program->anonymous ? wish.program->program : 0,
               decision::Load{n_pages, *tier, takes, computing});
    loads_.emplace(next_load_, std::move(load));
    return {next_load_++, true};
}

Micros Loads::next_deadline() const {
    Micros next = kNever;
    for (const auto & [id, load] : loads_) next = std::min(next, load.deadline);
    return next;
}

/** The disk waited for the engine, which computed a step meanwhile: that makes no load late. */
void Loads::excuse(Micros now) {
    if (all_read_ == 0) return;
    for (auto & [id, load] : loads_) load.deadline += std::max<Micros>(0, now - std::max(all_read_, load.began));
    all_read_ = now;
}

void Loads::take_reads(std::vector<PageRead> & reads, Micros now) {
    const int32_t size = page_tokens();
    excuse(now);
    all_read_ = 0;
    for (auto & [id, load] : loads_) {
        for (int32_t page = load.begin; page < load.end; ++page) {
            if (n_reading() >= config_.most_reading) return;
            PageState & state = load.states[page - load.begin];
            if (state != PageState::wanted) continue;
            state = PageState::reading;
            if (takes_over(id, load, page, now)) continue;
            const PageKey parent = page > 0 ? load.keys[page - 1] : load.root;
            const auto first = load.tokens.begin() + static_cast<ptrdiff_t>(page) * size;
            reads.push_back({next_job_, load.keys[page], parent, {first, first + size}, load.tier, load.deadline});
            const bool alone = reading_.empty();
            reading_.emplace(next_job_, Reading{load.keys[page], id, page, now, load.deadline, alone});
            jobs_[load.keys[page]] = next_job_++;
        }
    }
}

/** The page is being read for a load that was given up. */
bool Loads::takes_over(LoadId id, Load & load, int32_t page, Micros now) {
    const auto job = jobs_.find(load.keys[page]);
    if (job == jobs_.end()) return false;
    Reading & reading = reading_.at(job->second);
    if (reading.deadline <= now) return false;
    reading.load = id;
    reading.page = page;
    return true;
}

PageId Loads::place(TierJob job, ReadEnd how, Micros ended) {
    const auto found = reading_.find(job);
    if (found == reading_.end()) return kNoPage;
    const Reading reading = found->second;
    reading_.erase(found);
    if (reading_.empty()) all_read_ = ended;
    const auto latest = jobs_.find(reading.key);
    if (latest != jobs_.end() && latest->second == job) jobs_.erase(latest);
    if (how == ReadEnd::sound) reading_cost_.observe(reading.began, reading.alone, ended);
    const auto it = loads_.find(reading.load);
    if (it == loads_.end()) return kNoPage;
    Load & load = it->second;
    if (reading.page >= load.end) return kNoPage;
    if (how != ReadEnd::sound) {
        if (how == ReadEnd::lost) index_.remove(load.keys[reading.page], load.tier);
        for (int32_t page = reading.page; page < load.end; ++page) bringing_.erase(load.keys[page]);
        load.end = reading.page;  // what follows is of no use without it
        load.states.resize(static_cast<size_t>(load.end - load.begin));
        return kNoPage;
    }
    load.states[reading.page - load.begin] = PageState::here;
    return load.holding->table.pages()[reading.page];
}

void Loads::settle(std::vector<EndedLoad> & ended, Micros now) {
    excuse(now);
    for (auto it = loads_.begin(); it != loads_.end();) {
        it = it->second.is_whole() || it->second.deadline <= now ? end(it, ended, now) : std::next(it);
    }
}

bool Loads::give_way(EffectiveClass cls, RequestId in_favour_of, std::vector<EndedLoad> & ended, Micros now) {
    auto worst = loads_.end();
    for (auto it = loads_.begin(); it != loads_.end(); ++it) {
        if (it->second.cls > cls && (worst == loads_.end() || it->second.cls >= worst->second.cls)) worst = it;
    }
    if (worst == loads_.end()) return false;
    end(worst, ended, now, in_favour_of);
    return true;
}

std::map<LoadId, Loads::Load>::iterator Loads::end(std::map<LoadId, Load>::iterator it, std::vector<EndedLoad> & ended,
                                                   Micros now, RequestId in_favour_of) {
    Load & load = it->second;
    const int32_t n_asked = static_cast<int32_t>(load.holding->table.pages().size()) - load.begin;
    const int32_t n_here = load.arrived();
    const int32_t n_missing = n_asked - n_here;
    Holding & holding = *load.holding;
    cache_.confirm(holding);
    holding.table.truncate((load.begin + n_here) * page_tokens());
    if (n_here > 0) {
        cache_.commit(holding, load.tokens);
        cache_.mark_kept(load.salt, load.tokens, (load.begin + n_here) * page_tokens(), reading_cost_.page());
        keep_for(load);
    }
    cache_.release(holding);
    for (int32_t page = load.begin; page < load.end; ++page) bringing_.erase(load.keys[page]);
    n_loaded_ += static_cast<uint64_t>(n_here);
    const auto first = load.keys.begin() + load.begin;
    prefetched_.came({first, first + n_here}, load.request == 0);
    const Program * p = programs_.find(load.program);
    const ProgramId named = p && !p->anonymous ? p->program : 0;
    if (n_here > 0) log_.write(load.request, named, decision::Loaded{n_here, load.tier, now - load.began});
    if (n_missing > 0) {
        n_late_ += static_cast<uint64_t>(n_missing);
        const Micros waited = now - load.began;
        if (in_favour_of != 0) {
            log_.write(load.request, named, decision::LoadGaveWay{n_missing, load.tier, waited, in_favour_of});
        } else {
            log_.write(load.request, named, decision::LoadLate{n_missing, load.tier, waited});
        }
    }
    const bool late = load.deadline <= now && !load.is_whole();
    ended.push_back({it->first, load.begin, load.begin + n_here, load.tier, n_missing == 0});
    const auto next = loads_.erase(it);
    count_late(late, now);
    return next;
}

/** Until the call that waits for them starts, its program is known to go on from there. */
void Loads::keep_for(const Load & load) {
    Program * p = programs_.find(load.program);
    if (!p || p->running > 0) return;
    if (p->next && p->next->salt != load.salt) {
        cache_.unmark(*p->next);
        p->next.reset();
    }
    if (!p->next) {
        p->next = std::make_unique<PathLock>(load.salt, Holder::tree);
        p->next->owner = p->program;
        p->next->steps = 1;
    }
    cache_.mark(*p->next, *load.holding);
    cache_.set_keep(*p->next, NodeKind::next, p->next->steps);
}

void Loads::count_late(bool late, Micros now) {
    late_in_a_row_ = late ? late_in_a_row_ + 1 : 0;
    if (!late) rest_ = kRest;
    if (late_in_a_row_ < kLateLoads) return;
    rests_until_ = now + rest_;
    log_.write(0, 0, decision::TierRest{late_in_a_row_, rest_});
    rest_ = std::min(2 * rest_, kLongestRest);
    late_in_a_row_ = kLateLoads - 1;  // the next late one says it again
}

std::string Loads::check_integrity() const {
    size_t n_bringing = 0;
    for (const auto & [id, load] : loads_) {
        const std::string name = "load " + std::to_string(id) + ": ";
        if (load.begin > load.end) return name + "ends before it begins";
        if (load.states.size() != static_cast<size_t>(load.end - load.begin)) return name + "pages miscounted";
        const std::string wrong = load.holding->table.check_integrity();
        if (!wrong.empty()) return name + wrong;
        for (int32_t page = load.begin; page < load.end; ++page) {
            const auto it = bringing_.find(load.keys[page]);
            if (it == bringing_.end() || it->second != id) return name + "a page of it is brought by another";
        }
        n_bringing += static_cast<size_t>(load.end - load.begin);
    }
    if (n_bringing != bringing_.size()) return "a page is brought by no load";
    if (n_reading() > config_.most_reading) return "too many reads at a time";
    return "";
}

}  // namespace banyan
