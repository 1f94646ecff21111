// Pages and saved states that are kept outside the pool: which are loaded for whom, and which are written when.
#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "core/scheduler/scheduler-impl.h"
#include "core/tiers/path-keys.h"

namespace banyan {

namespace {

constexpr int32_t kLoads = 16;      // that a request waits for before it computes what is missing: pages may go again
constexpr int32_t kNearlyFull = 8;  // fewer free pages than one in so many: evictions are near
constexpr Micros kAhead = 50'000;   // before a tool is expected back its pages are to be there
constexpr int32_t kLongestAlarms = 4096;

int32_t full_pages(const std::vector<Token> & path, int32_t page_tokens) {
    return static_cast<int32_t>(path.size()) / page_tokens;
}

}  // namespace

/** Its full pages; the last token is computed in any case. */
LoadWish Scheduler::Impl::wish_of(Sequence & seq) {
    const int32_t n_tokens = seq.n_tokens() - 1;
    extend_keys(seq.keys, *seq.root, seq.tokens, n_tokens, config.page_tokens);
    LoadWish wish;
    wish.request = seq.id;
    wish.program = seq.program;
    wish.salt = seq.salt;
    wish.root = &*seq.root;
    wish.tokens = &seq.tokens;
    wish.keys = &seq.keys;
    wish.n_tokens = n_tokens;
    wish.cls = number_of(seq.cls);
    return wish;
}

/** Like one that waits for a producer: others are admitted meanwhile. */
bool Scheduler::Impl::waits_for_load(Sequence & seq, int32_t n_needed, int32_t kept_back) {
    if (!seq.root || !seq.cache) return false;
    if (seq.load != 0 && loads.is_under_way(seq.load)) return true;
    seq.load = 0;
    if (seq.n_loads >= kLoads) return false;
    LoadWish wish = wish_of(seq);
    const Sequence * ahead = ahead_with_pages(seq);
    wish.n_needed = n_needed;
    wish.kept_back = kept_back;
    wish.claimed = ahead ? pages_for(ahead->n_tokens(), config.page_tokens) : 0;
    const Loads::Answer answer = loads.bring(wish, now);
    if (!answer.pays) seq.n_loads = kLoads;
    if (answer.load == 0) return answer.in_line;
    seq.load = answer.load;
    ++seq.n_loads;
    return true;
}

/**
 * The first of those before it that wait to start with pages that a load brought. Nothing holds these: a load that has
 * no room beside them would let them go, and the two would load in turns until both compute.
 */
const Sequence * Scheduler::Impl::ahead_with_pages(const Sequence & seq) {
    const auto has_left = [this](RequestId id) {
        const Sequence * one = find(id);
        return !one || one->running() || one->n_loads == 0;
    };
    brought.erase(std::remove_if(brought.begin(), brought.end(), has_left), brought.end());
    const auto place = [this](const Sequence & one) { return std::tuple(one.cls, gate.class_of(one), one.id); };
    const Sequence * first = &seq;
    for (const RequestId id : brought) {
        const Sequence * one = find(id);
        if (place(*one) < place(*first)) first = one;
    }
    return first == &seq ? nullptr : first;
}

void Scheduler::Impl::settle_loads() {
    if (loads.empty()) return;
    std::vector<EndedLoad> ended;
    loads.settle(ended, now);
    note(ended);
}

bool Scheduler::Impl::make_way(EffectiveClass cls, RequestId in_favour_of) {
    if (loads.empty()) return false;
    std::vector<EndedLoad> ended;
    const bool gave = loads.give_way(cls, in_favour_of, ended, now);
    note(ended);
    return gave;
}

/** It leaves: the load is worth what those are that still wait for it. */
void Scheduler::Impl::leave_load(Sequence & seq) {
    const LoadId load = std::exchange(seq.load, 0);
    if (load == 0 || !loads.is_under_way(load)) return;
    EffectiveClass best = kClasses;
    for (const Sequence * other : backlog) {
        if (other->load == load) best = std::min(best, number_of(other->cls));
    }
    loads.set_class(load, best);
}

/** Those that waited for a load know what came by it. */
void Scheduler::Impl::note(const std::vector<EndedLoad> & ended) {
    for (const EndedLoad & load : ended) {
        for (Sequence * seq : backlog) {
            if (seq->load != load.id) continue;
            seq->load = 0;
            if (!load.is_whole) seq->n_loads = kLoads;  // what is missing is computed now
            if (load.begin == load.end) continue;
            const bool goes_on = seq->loaded_end == load.begin && seq->loaded_end > 0;
            if (!goes_on) seq->loaded_begin = load.begin;
            seq->loaded_end = load.end;
            seq->loaded_from = load.tier;
            if (std::find(brought.begin(), brought.end(), seq->id) == brought.end()) brought.push_back(seq->id);
        }
    }
}

/** What holds its first n_tokens is wanted in a tier. */
void Scheduler::Impl::store(Sequence & seq, int32_t n_tokens, ColdKind kind, StoreReason reason) {
    if (!config.tiers.on || !seq.root || !seq.cache) return;
    extend_keys(seq.keys, *seq.root, seq.tokens, n_tokens, config.page_tokens);
    stores.want(seq.salt, *seq.root, seq.tokens, seq.keys, n_tokens, kind, reason, seq.named_program());
}

/** At the end of a call: its pages are in the tree now, and may not be when the next call comes. */
void Scheduler::Impl::store_turn(Sequence & seq) {
    if (!config.tiers.on || !seq.root) return;
    if (!seq.program->anonymous) {
        paths.remember(seq.program->program, {seq.tokens.begin(), seq.tokens.begin() + seq.computed()});
    }
    const bool nearly_full = cache.pool().n_free() < config.n_pages / kNearlyFull;
    // Recurrent layers cannot go back from its end to where the next prompt may leave it.
    const int32_t n_tokens = cache.has_states() && seq.boundary > 0 ? seq.boundary : seq.computed();
    if (seq.durable) return store(seq, n_tokens, ColdKind::history, StoreReason::durable);
    if (nearly_full && !seq.program->anonymous) store(seq, n_tokens, ColdKind::history, StoreReason::pressure);
}

/** No request waits for them yet: only pages that no call is expected to go on from give way. */
void Scheduler::Impl::prefetch(Program * program, Salt salt, const std::optional<PageKey> & root,
                               const std::vector<Token> & tokens) {
    if (!config.tiers.on || !root) return;
    std::vector<PageKey> keys;
    const int32_t n_tokens = static_cast<int32_t>(std::min<size_t>(tokens.size(), config.max_context));
    extend_keys(keys, *root, tokens, n_tokens, config.page_tokens);
    LoadWish wish;
    wish.program = program;
    wish.salt = salt;
    wish.root = &*root;
    wish.tokens = &tokens;
    wish.keys = &keys;
    wish.n_tokens = n_tokens;
    wish.kept_back = running.decode_growth();
    loads.bring(wish, now);
}

/** One after the other, while nothing else is read or waits, and only into pages that hold nothing. */
void Scheduler::Impl::prefetch_foretold() {
    while (loads.empty()) {
        foretold_left -= std::exchange(foretold_now, 0);  // all of it that could be read has been
        if (foretold.empty() || backlog.size() > 0) return;
        const std::vector<Token> path = std::move(foretold.front());
        foretold.pop_front();
        const int32_t n_pages = full_pages(path, config.page_tokens);
        foretold_now = n_pages;
        const int32_t n_free = cache.pool().n_free() - running.decode_growth();
        if (n_pages <= n_free - config.n_pages / 2) prefetch(nullptr, 0, foretold_root, path);
    }
}

/** Its next call is near, and begins with what its last one had. */
void Scheduler::Impl::prefetch_path(Program & p) {
    if (!config.tiers.on || p.live > 0) return;
    if (const std::vector<Token> * path = paths.find(p.program)) prefetch(&p, p.root_salt, p.root, *path);
}

/** Its tool is expected back at this time: what it has in a tier is to be here by then. */
void Scheduler::Impl::set_alarm(Program & p, Micros back) {
    if (!config.tiers.on || !paths.find(p.program) || alarms.size() >= kLongestAlarms) return;
    const int32_t n_pages =
        (config.tiers.pages ? p.context / config.page_tokens : 0) + (cache.has_states() ? config.tiers.state_pages : 0);
    const Micros takes = loads.cost().read(n_pages, 0, now);
    alarms.emplace(std::max(now, back - takes - kAhead), p.program);
}

void Scheduler::Impl::ring_alarms() {
    while (!alarms.empty() && alarms.begin()->first <= now) {
        Program * p = programs.find(alarms.begin()->second);
        alarms.erase(alarms.begin());
        if (p && !p->tools.empty()) prefetch_path(*p);
    }
}

/** How far tiers go on where the tree ends. */
void Scheduler::Impl::explain_kept(MissExplanation & why, Salt salt, const std::vector<Token> & tokens,
                                   const std::optional<PageKey> & root) const {
    if (!config.tiers.on || !root) return;
    std::vector<PageKey> keys;
    extend_keys(keys, *root, tokens, why.prompt_tokens, config.page_tokens);
    const int32_t begin = why.matched / config.page_tokens;
    int32_t end = 0;
    if (cache.has_states()) {
        LoadWish wish;
        wish.salt = salt;
        wish.root = &*root;
        wish.tokens = &tokens;
        wish.keys = &keys;
        wish.n_tokens = why.prompt_tokens - 1;
        end = loads.reach(wish);
    } else {
        end = (begin + cold.run(keys, begin, static_cast<int32_t>(keys.size()))) * config.page_tokens;
    }
    if (end <= why.matched) return;
    why.kept = end;
    const bool is_on_host = !cache.has_states() && cold.find(keys[begin]) == Tier::host;
    why.reason = is_on_host ? MissExplanation::Reason::on_host : MissExplanation::Reason::on_disk;
}

void Scheduler::take_news(const ColdNews & news, Tier tier) {
    impl_->cold.take(news, tier);
}

void Scheduler::foretell(const PageKey & root, std::vector<std::vector<Token>> paths) {
    Impl & s = *impl_;
    if (!s.config.tiers.on) return;
    s.foretold_root = root;
    int64_t n_pages = 0;
    for (const std::vector<Token> & path : paths) n_pages += full_pages(path, s.config.page_tokens);
    s.counters.pages_foretold += n_pages;
    s.foretold_left += n_pages;
    std::move(paths.begin(), paths.end(), std::back_inserter(s.foretold));
}

void Scheduler::take_state_news(const ColdNews & news) {
    impl_->cold_states.take(news);
}

TierWork Scheduler::take_tier_work(Micros now) {
    Impl & s = *impl_;
    TierWork work;
    if (!s.config.tiers.on) return work;
    s.set_now(now);
    s.settle_loads();
    s.prefetch_foretold();
    s.loads.take_reads(work.reads, s.now);
    s.stores.take_writes(work.writes);
    return work;
}

TierPlace Scheduler::place(TierJob job, ReadEnd how, Micros ended) {
    return impl_->loads.place(job, how, ended);
}

void Scheduler::written(TierJob job, bool kept) {
    impl_->stores.written(job, kept, impl_->loads.cost().page());
}

void Scheduler::store_all() {
    Impl & s = *impl_;
    if (!s.config.tiers.on) return;
    s.programs.visit([&](const Program & p) { s.stores.want(p, StoreReason::closing); });
}

bool Scheduler::is_storing() const {
    return !impl_->stores.empty();
}

Micros Scheduler::alarm() const {
    const Micros ring = impl_->alarms.empty() ? kNever : impl_->alarms.begin()->first;
    return std::min(ring, impl_->loads.next_deadline());
}

}  // namespace banyan
