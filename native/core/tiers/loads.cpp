#include "core/tiers/loads.h"

#include <algorithm>

namespace banyan {

int32_t Loads::Load::arrived() const {
    const auto is_missing = [](Part part) { return part != Part::here; };
    return static_cast<int32_t>(std::find_if(parts.begin(), parts.end(), is_missing) - parts.begin());
}

/** Pages that reading it takes as long as. */
int32_t Loads::size_of(const Goal & goal) const {
    return (config_.pages ? goal.end - goal.begin : 0) + (goal.state ? config_.state_pages : 0);
}

/**
 * All of it or nothing: each page later in a prompt costs more to compute and the same to load, so a part is never
 * better than both.
 */
bool Loads::pays(const Goal & goal, Micros now, Micros & takes, Micros & computing) const {
    takes = reading_cost_.read(size_of(goal), 0, now);
    computing = cost_.prefill(goal.tokens - goal.before, goal.before);
    return !cost_.calibrated() || takes < computing;
}

/**
 * How long a load is waited for. A busy machine delays a read now and then: the first is forgiven, at a cost that a
 * request can feel. Once one was late the disk is not trusted, and what waiting in vain costs is to be hardly felt.
 */
Micros Loads::patience(Micros takes, Micros computing) const {
    if (!cost_.calibrated()) return std::max(kLeastPatience, 4 * takes);
    if (late_in_a_row_ > 0) return takes + computing / kShareAfterLate;
    return std::clamp(4 * takes, kLeastPatience, std::max(kLeastPatience, computing));
}

int32_t Loads::n_expected() const {
    int32_t n = 0;
    for (const auto & [id, load] : loads_) {
        for (size_t part = 0; part < load.parts.size(); ++part) {
            if (load.parts[part] == Part::here) continue;
            n += load.is_state(static_cast<int32_t>(part)) ? config_.state_pages : 1;
        }
    }
    return n;
}

int32_t Loads::n_held() const {
    int32_t n = 0;
    for (const auto & [id, load] : loads_) n += load.n_taken;
    return n;
}

bool Loads::nothing_kept() const {
    return index_.size(Tier::disk) + index_.size(Tier::host) + cold_states_.size() == 0;
}

int32_t Loads::reach(const LoadWish & wish) const {
    if (!config_.on) return 0;
    return goal_of(wish).tokens;
}

/** The pages that follow what the tree has, as far as they are kept and no other load brings them. */
Loads::Goal Loads::page_goal(const LoadWish & wish) const {
    const std::vector<PageKey> & keys = *wish.keys;
    const int32_t size = page_tokens(), n_pages = wish.n_tokens / size;
    Goal goal;
    goal.begin = goal.end = cache_.match(wish.salt, *wish.tokens, n_pages * size) / size;
    if (goal.begin < n_pages) goal.tier = index_.find(keys[goal.begin]).value_or(Tier::disk);
    while (goal.end < n_pages && index_.has(keys[goal.end]) && bringing_.count(keys[goal.end]) == 0) ++goal.end;
    goal.before = goal.shared = goal.begin * size;
    goal.tokens = goal.end * size;
    return goal;
}

/** The last state that is kept, with all pages before it here or kept. */
Loads::Goal Loads::state_goal(const LoadWish & wish) const {
    const std::vector<PageKey> & keys = *wish.keys;
    const int32_t size = page_tokens(), n_pages = wish.n_tokens / size;
    Goal goal;
    goal.before = goal.tokens = cache_.match(wish.salt, *wish.tokens, wish.n_tokens);
    const int32_t paged = cache_.paged(wish.salt, *wish.tokens, wish.n_tokens), first = paged / size;
    const int32_t run = config_.pages ? index_.run(keys, first, n_pages) : n_pages - first;
    const int32_t most = std::min(wish.n_tokens, (first + run) * size + size - 1);
    goal.state = cold_states_.last(*wish.root, keys, *wish.tokens, goal.before, most, size);
    if (!goal.state) return goal;
    goal.tokens = goal.state->n_tokens;
    goal.end = goal.tokens / size;
    goal.begin = std::min(first, goal.end);
    goal.shared = paged >= goal.tokens ? goal.tokens : goal.begin * size;
    return goal;
}

/** The load that brings some of it already; 0: none does. */
LoadId Loads::brought_by(const LoadWish & wish, const Goal & goal) const {
    const auto by = [&](const PageKey & key) {
        const auto found = bringing_.find(key);
        return found == bringing_.end() ? LoadId(0) : found->second;
    };
    if (!cache_.has_states()) return goal.begin < wish.n_tokens / page_tokens() ? by((*wish.keys)[goal.begin]) : 0;
    if (!goal.state) return 0;
    LoadId load = by(goal.state->key);
    for (int32_t page = goal.begin; load == 0 && page < goal.end; ++page) load = by((*wish.keys)[page]);
    return load;
}

/** The holding gets what the tree has, the pages that are to come, and a row for the state. False: no room. */
bool Loads::take_room(const LoadWish & wish, const Goal & goal, Holding & holding, int32_t n_pages) {
    const bool waits = wish.cls < kClasses;
    const NodeKind most = waits ? NodeKind::next : NodeKind::finished;
    cache_.acquire_pages(holding, *wish.tokens, goal.shared);
    std::vector<PageCopy> copies;  // none: it begins with a page
    // What it shares can no longer be freed for those who were promised pages.
    bool has_room = cache_.available() >= 0;
    if (n_pages > 0) {
        has_room = (waits || cache_.make_free(n_pages, NodeKind::finished)) &&
                   cache_.reserve(holding, goal.tokens - goal.shared, copies);
    }
    return has_room && (!goal.state || cache_.take_state(holding, goal.tokens, most));
}

Loads::Answer Loads::bring(const LoadWish & wish, Micros now) {
    if (!config_.on || wish.n_tokens == 0 || (nothing_kept() && loads_.empty())) return {};
    const std::vector<PageKey> & keys = *wish.keys;
    const int32_t size = page_tokens();
    Goal goal = goal_of(wish);
    if (const LoadId other = brought_by(wish, goal)) {
        Load & load = loads_.at(other);
        load.cls = std::min(load.cls, wish.cls);
        if (load.request == 0) load.request = wish.request;
        return {other, true};
    }
    if (now < rests_until_ || goal.is_empty()) return {};
    const int32_t room = cache_.available() - wish.kept_back - wish.claimed;
    const int32_t lacking = wish.n_needed - goal.begin - room;
    if (lacking > 0) return {0, true, lacking <= wish.claimed};
    int32_t n_pages = pages_for(goal.tokens, size) - pages_for(goal.shared, size);
    if (n_pages > room) {
        if (goal.state || room <= 0) return {};
        n_pages = room;
        goal.end = goal.begin + n_pages;
        goal.tokens = goal.end * size;
    }
    const int32_t n_read = config_.pages ? goal.end - goal.begin : 0, n_states = goal.state ? 1 : 0;
    Micros takes = 0, computing = 0;
    if (!pays(goal, now, takes, computing)) {
        log_.write(wish.request, 0, decision::Recompute{n_read, n_states, goal.tier, takes, computing});
        return {0, false};
    }
    if (n_expected() >= config_.most_reading) return {0, true, wish.cls < kClasses};
    auto holding = cache_.hold(wish.salt);
    holding->lock.owner = wish.program ? wish.program->program : 0;
    if (!take_room(wish, goal, *holding, n_pages)) {
        cache_.release(*holding);
        return {};
    }
    std::vector<Part> parts(static_cast<size_t>(goal.end - goal.begin), config_.pages ? Part::wanted : Part::here);
    if (goal.state) parts.push_back(Part::wanted);
    Load load{wish.request,
              holding->lock.owner,
              wish.salt,
              *wish.root,
              wish.cls,
              {wish.tokens->begin(), wish.tokens->begin() + goal.tokens},
              {keys.begin(), keys.begin() + goal.end},
              goal,
              std::move(holding),
              n_pages,
              std::move(parts),
              now,
              now + patience(takes, computing),
              n_read};
    for (size_t part = 0; part < load.parts.size(); ++part)
        bringing_[load.key(static_cast<int32_t>(part))] = next_load_;
    log_.write(wish.request, wish.program && !wish.program->anonymous ? wish.program->program : 0,
               decision::Load{n_read, n_states, goal.tier, takes, computing});
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
    excuse(now);
    all_read_ = 0;
    for (auto & [id, load] : loads_) {
        const auto n_parts = static_cast<int32_t>(load.parts.size());
        // The state first: without it the pages are of no use.
        if (load.goal.state) read_part(id, load, n_parts - 1, reads, now);
        for (int32_t part = 0; part < n_parts; ++part) read_part(id, load, part, reads, now);
        if (n_reading() >= config_.most_reading) return;
    }
}

void Loads::read_part(LoadId id, Load & load, int32_t part, std::vector<PageRead> & reads, Micros now) {
    if (load.failed || load.parts[part] != Part::wanted || n_reading() >= config_.most_reading) return;
    load.parts[part] = Part::reading;
    if (takes_over(id, load, part, now)) return;
    const bool is_state = load.is_state(part);
    const int32_t size = page_tokens(), page = load.goal.begin + part;
    const PageKey & parent = page > 0 ? load.keys[page - 1] : load.root;
    const auto first = load.tokens.begin() + static_cast<ptrdiff_t>(page) * size;
    const auto last = is_state ? load.tokens.end() : first + size;
    const PageKey & key = load.key(part);
    reads.push_back({next_job_, key, parent, {first, last}, load.goal.tier, load.deadline, is_state});
    const bool alone = reading_.empty();
    const int32_t n_pages = is_state ? config_.state_pages : 1;
    reading_.emplace(next_job_, Reading{key, id, part, n_pages, now, load.deadline, alone});
    jobs_[key] = next_job_++;
}

/** It is being read for a load that was given up. */
bool Loads::takes_over(LoadId id, Load & load, int32_t part, Micros now) {
    const auto job = jobs_.find(load.key(part));
    if (job == jobs_.end()) return false;
    Reading & reading = reading_.at(job->second);
    if (reading.deadline <= now) return false;
    reading.load = id;
    reading.part = part;
    return true;
}

void Loads::forget_keys(const Load & load) {
    for (size_t part = 0; part < load.parts.size(); ++part) bringing_.erase(load.key(static_cast<int32_t>(part)));
}

/** What follows is of no use without it, and with recurrent layers all of it. */
void Loads::lose_part(Load & load, int32_t part) {
    if (load.goal.state) {
        load.failed = true;
        return;
    }
    for (size_t i = static_cast<size_t>(part); i < load.parts.size(); ++i)
        bringing_.erase(load.key(static_cast<int32_t>(i)));
    load.goal.end = load.goal.begin + part;
    load.goal.tokens = load.goal.end * page_tokens();
    load.parts.resize(static_cast<size_t>(part));
}

TierPlace Loads::place(TierJob job, ReadEnd how, Micros ended) {
    const auto found = reading_.find(job);
    if (found == reading_.end()) return {};
    const Reading reading = found->second;
    reading_.erase(found);
    if (reading_.empty()) all_read_ = ended;
    const auto latest = jobs_.find(reading.key);
    if (latest != jobs_.end() && latest->second == job) jobs_.erase(latest);
    const auto it = loads_.find(reading.load);
    Load * load = it == loads_.end() ? nullptr : &it->second;
    if (how == ReadEnd::sound) reading_cost_.observe(reading.began, reading.alone, ended, reading.n_pages);
    if (!load || reading.part >= static_cast<int32_t>(load->parts.size())) return {};
    const bool is_state = load->is_state(reading.part);
    if (how != ReadEnd::sound) {
        if (how == ReadEnd::lost && is_state) cold_states_.remove(reading.key);
        if (how == ReadEnd::lost && !is_state) index_.remove(reading.key, load->goal.tier);
        load->late |= how == ReadEnd::late;
        lose_part(*load, reading.part);
        return {};
    }
    load->parts[reading.part] = Part::here;
    const std::vector<PageId> & pages = load->holding->table.pages();
    if (!is_state) return {pages[load->goal.begin + reading.part]};
    const bool has_tail = load->goal.tokens > load->goal.shared && load->goal.tokens % page_tokens() != 0;
    return {has_tail ? pages.back() : kNoPage, load->holding->saving, load->goal.tokens};
}

void Loads::settle(std::vector<EndedLoad> & ended, Micros now) {
    excuse(now);
    for (auto it = loads_.begin(); it != loads_.end();) {
        it = it->second.is_whole() || it->second.failed || it->second.deadline <= now ? end(it, ended, now)
                                                                                      : std::next(it);
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

void Loads::bring_into_tree(Load & load, int32_t n_here) {
    const int32_t n_tokens = load.goal.state ? load.goal.tokens : (load.goal.begin + n_here) * page_tokens();
    Holding & holding = *load.holding;
    cache_.confirm(holding);
    holding.table.truncate(n_tokens);
    cache_.commit(holding, load.tokens);
    cache_.attach_state(holding);
    if (load.goal.state) cache_.mark_state_kept(load.salt, load.tokens, n_tokens);
    cache_.mark_kept(load.salt, load.tokens, n_tokens / page_tokens() * page_tokens(), reading_cost_.page());
    keep_for(load);
}

Loads::LoadMap::iterator Loads::end(LoadMap::iterator it, std::vector<EndedLoad> & ended, Micros now,
                                    RequestId in_favour_of) {
    Load & load = it->second;
    const bool is_whole = load.is_whole(), needs_all = load.goal.state.has_value();
    const int32_t n_states = is_whole && needs_all ? 1 : 0;
    const int32_t n_brought = is_whole || !needs_all ? std::min(load.arrived(), load.goal.end - load.goal.begin) : 0;
    const int32_t n_here = config_.pages ? n_brought : 0;
    const int32_t n_missing = load.n_asked - n_here;
    if (n_brought > 0 || n_states > 0) bring_into_tree(load, n_brought);
    cache_.release(*load.holding);
    forget_keys(load);
    n_loaded_ += static_cast<uint64_t>(n_here);
    n_states_loaded_ += static_cast<uint64_t>(n_states);
    const auto first = load.keys.begin() + load.goal.begin;
    prefetched_.came({first, first + n_here}, load.request == 0);
    const Program * p = programs_.find(load.program);
    const ProgramId named = p && !p->anonymous ? p->program : 0;
    const Tier tier = load.goal.tier;
    const Micros waited = now - load.began;
    if (n_here > 0 || n_states > 0) {
        log_.write(load.request, named, decision::Loaded{n_here, n_states, tier, waited});
    }
    const int32_t lost_states = needs_all && !is_whole ? 1 : 0;
    if (n_missing > 0 || lost_states > 0) {
        n_late_ += static_cast<uint64_t>(n_missing);
        if (in_favour_of != 0) {
            log_.write(load.request, named, decision::LoadGaveWay{n_missing, lost_states, tier, waited, in_favour_of});
        } else {
            log_.write(load.request, named, decision::LoadLate{n_missing, lost_states, tier, waited});
        }
    }
    const int32_t end =
        needs_all ? (is_whole ? load.goal.tokens : load.goal.before) : (load.goal.begin + n_brought) * page_tokens();
    ended.push_back({it->first, load.goal.before, end, tier, n_missing == 0 && lost_states == 0});
    // A read that the store gave up was late, though the load was granted more time or made shorter meanwhile.
    const bool late = load.late || (load.deadline <= now && !is_whole);
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
        const int32_t n_pages = load.goal.end - load.goal.begin;
        if (n_pages < 0) return name + "ends before it begins";
        if (load.parts.size() != static_cast<size_t>(n_pages) + (load.goal.state ? 1 : 0))
            return name + "parts miscounted";
        if (load.goal.state && load.holding->saving == kNoState) return name + "has no row for its state";
        const std::string wrong = load.holding->table.check_integrity();
        if (!wrong.empty()) return name + wrong;
        for (size_t part = 0; part < load.parts.size(); ++part) {
            const auto it = bringing_.find(load.key(static_cast<int32_t>(part)));
            if (it == bringing_.end() || it->second != id) return name + "a page of it is brought by another";
        }
        n_bringing += load.parts.size();
    }
    if (n_bringing != bringing_.size()) return "a page is brought by no load";
    if (n_reading() > config_.most_reading) return "too many reads at a time";
    return "";
}

}  // namespace banyan
