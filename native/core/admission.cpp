// Who may start: waiting requests by rank, as long as there are slots, and pages for the whole prompt.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

namespace {

constexpr int32_t kLooks = 64;  // calls looked at behind one that found no room

}  // namespace

void Scheduler::Impl::admit() {
    if (waiting.empty() || !could_admit() || holds_for_group()) return;
    least_backlogged = policy().quantum > 0 ? tenants.least_backlogged() : 0;
    const bool reorder = !fcfs() && free_slots.size() < waiting.size();
    WaitingQueue queue([this](const Sequence & seq) { return rank(seq); }, reorder ? policy().locality_window : 0,
                       policy().locality_span, last_started);
    for (Sequence * seq : waiting) {
        if (!still_waits(*seq)) queue.add(*seq, door(*seq));
    }
    queue.order();
    lifts_blocked = false;
    Sequence * head = nullptr;   // the first that found no pages
    int32_t no_slot = kClasses;  // calls of this class and worse find none
    int32_t looks = 0;
    while (Sequence * seq = queue.next()) {
        const int32_t cls = static_cast<int32_t>(seq->cls);
        if ((head || no_slot < kClasses) && ++looks > kLooks) break;
        if (cls >= no_slot) continue;
        if (policy().batching != Batching::continuous && static_cast<int32_t>(running.size()) >= group_size()) break;
        const bool stays = seq->usage.preemptions >= kMaxPreemptions && seq->cls != Class::interactive;
        if (stays && n_unmovable >= max_unmovable()) continue;
        if (!passes_gate(*seq)) {
            queue.close(door(*seq));
            continue;
        }
        if (seq->cache && waits_for_producer(*seq)) continue;
        if (head && !may_pass(*head, *seq)) continue;
        if (try_admit(*seq, !head || seq->cls < head->cls)) {
            if (!head) continue;
            ++head->usage.bypassed;
            log(Decision::Kind::bypass, seq, static_cast<int64_t>(head->id), head->usage.bypassed);
            continue;
        }
        lifts_blocked = true;
        if (!free_slots.empty()) {
            if (!head) head = seq;
            continue;
        }
        no_slot = cls;
        if (fcfs() || std::all_of(n_waiting.begin(), n_waiting.begin() + cls, [](int32_t n) { return n == 0; })) break;
    }
    lifts_blocked = false;
}

/** Is there a slot, or somebody worse who could give up his? */
bool Scheduler::Impl::could_admit() const {
    if (!free_slots.empty()) return true;
    if (fcfs()) return false;
    int32_t best = 0;
    while (best < kClasses && n_waiting[best] == 0) ++best;
    return std::any_of(running.begin(), running.end(), [&](const Sequence * seq) { return seq->level > best; });
}

/**
 * Nobody overtakes the one that finds no room, or big requests would starve: but for a few smaller ones of its level.
 * An interactive call passes one that only age has put before it, as long as the reserve lasts; one that is overdue
 * only if there is room for both, or a big one would never find room.
 */
bool Scheduler::Impl::may_pass(const Sequence & head, const Sequence & seq) const {
    if (fcfs()) return false;
    if (seq.cls == Class::interactive && head.cls != Class::interactive) {
        int32_t held = pages_for(seq.n_tokens(), config.page_tokens);
        for (const Sequence * other : running) {
            if (other->cls != Class::interactive) continue;
            held += static_cast<int32_t>(other->holding->table.pages().size()) + other->holding->promised;
        }
        if (overdue(head) && held + pages_for(head.most_computed(), config.page_tokens) > config.n_pages) return false;
        return static_cast<int64_t>(held) * 100 <= static_cast<int64_t>(config.n_pages) * config.reserve_percent;
    }
    if (head.usage.preemptions > 0) return false;  // passing it would soon cost it its place again
    return head.usage.bypassed < policy().max_bypass && seq.n_tokens() < head.n_tokens() && level(seq) == level(head);
}

bool Scheduler::Impl::try_admit(Sequence & seq, bool at_the_cost_of_others) {
    for (;;) {
        const bool has_slot = !free_slots.empty();
        const int32_t lacking = has_slot ? take_pages(seq) : 0;
        if (has_slot && lacking == 0) break;
        // Room at the cost of a running sequence: only of one below the request's own class, so age preempts nobody.
        const int32_t cls = static_cast<int32_t>(seq.cls);
        Sequence * worst = fcfs() ? nullptr : victim_of_class();
        if (at_the_cost_of_others && worst && worst->level > cls && may_free(lacking, cls)) {
            preempt(*worst, seq.id);
        } else if (!running.empty() || !cache.break_pin()) {
            return false;
        } else {
            log(Decision::Kind::break_pin, &seq, 0, 0);
        }
    }
    start(seq);
    return true;
}

/** Pages that running decodes take in this very step: not to be given to anybody else. */
int32_t Scheduler::Impl::decode_growth() const {
    int32_t n_pages = 0;
    for (const Sequence * seq : running) {
        n_pages += std::max(0, seq->holding->table.pages_needed(1) - seq->holding->promised);
    }
    return n_pages;
}

/** Shares what is cached and has the rest promised: returns 0. Or changes nothing: returns the pages it lacks. */
int32_t Scheduler::Impl::take_pages(Sequence & seq) {
    const bool is_protected = seq.usage.preemptions >= kMaxPreemptions;
    const bool may_use_reserve = running.empty() || seq.cls == Class::interactive || fcfs() || overdue(seq);
    const int64_t reserve = may_use_reserve ? 0 : static_cast<int64_t>(config.n_pages) * config.reserve_percent / 100;
    const int32_t kept_back = decode_growth() + static_cast<int32_t>(reserve);

    auto holding = cache.hold(seq.salt);
    holding->lock.owner = seq.program->program;
    MissExplanation * why = seq.usage.preemptions == 0 ? &seq.usage.miss : nullptr;
    const int32_t cached = seq.cache ? cache.acquire(*holding, seq.tokens, seq.n_tokens() - 1, why) : 0;
    const int32_t all_tokens = is_protected ? seq.most_computed() : seq.n_tokens();
    const int32_t needed = pages_for(all_tokens, config.page_tokens) - cached / config.page_tokens;
    if (needed > cache.available() - kept_back) cache.drop_partial_page(*holding);
    const int32_t lacking = needed - (cache.available() - kept_back);
    if (lacking > 0) {
        cache.release(*holding);
        return lacking;
    }
    cache.promise(*holding, needed);
    seq.holding = std::move(holding);
    return 0;
}

void Scheduler::Impl::start(Sequence & seq) {
    seq.level = seq.own_level = level(seq);
    dequeue(seq);
    if (seq.level < static_cast<int32_t>(seq.cls)) {
        ++n_lifted;
        log(Decision::Kind::lift, &seq, static_cast<int64_t>(seq.cls), seq.level);
    }
    n_unmovable += unmovable(seq);
    seq.slot = *free_slots.begin();
    seq.slot_started = false;
    seq.prefill_end = seq.n_tokens();
    seq.admission = next_admission++;
    seq.started = seq.progressed = now;
    last_started = seq.prompt_key;
    seq.resumes = seq.computed() * 2 >= seq.n_tokens();
    free_slots.erase(seq.slot);
    running.push_back(&seq);
    ++seq.program->running;
    tenants.admitted(*seq.tenant);
    activate(seq);
    log(Decision::Kind::admit, &seq, seq.computed(), seq.remaining());
    smooth(admission_wait, now - seq.wait_since);
    if (seq.usage.preemptions > 0) return;
    seq.usage.admitted = now;
    seq.usage.cached_tokens = seq.usage.hits[0] = seq.computed();
    counters.prompt_tokens += seq.n_prompt;
    counters.cached_tokens += seq.computed();
    count_losses(seq);
}

/** Of what its program had computed before, how much was still there? What it changed itself is not lost. */
void Scheduler::Impl::count_losses(const Sequence & seq) {
    Program & p = *seq.program;
    if (p.calls == 0 || !seq.cache || seq.usage.miss.reason == MissExplanation::Reason::diverged) return;
    const int32_t had = std::min(p.context, seq.n_prompt - 1);
    const int32_t hit = std::min(had, seq.computed());
    counters.resume_tokens += had;
    counters.resume_hits += hit;
    p.lost_tokens += had - hit;
}

}  // namespace banyan
