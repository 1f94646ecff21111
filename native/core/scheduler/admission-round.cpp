#include "core/scheduler/admission-round.h"

#include <algorithm>

#include "core/requests/dedupe.h"

namespace banyan {

namespace {

constexpr int32_t kLooks = 64;  // requests looked at behind one that found no room

}  // namespace

AdmissionRound::AdmissionRound(Scheduler::Impl & scheduler)
    : s_(scheduler),
      order_(s_.policy(), s_.now, s_.idle.service_tells_end(),
             s_.policy().quantum > 0 ? s_.tenants.least_backlogged() : 0, s_.running.of_most_served()),
      queue_(queue_of_backlog()) {}

/** All that wait, but for those whose producer still computes for them. */
WaitingQueue AdmissionRound::queue_of_backlog() {
    const PolicyConfig & policy = s_.policy();
    const bool reorder = !policy.is_fcfs() && s_.running.n_free_slots() < s_.backlog.size();
    const auto rank = [this](const Sequence & seq) {
        return order_.rank(seq, !lifts_blocked_ && s_.running.may_lift());
    };
    WaitingQueue queue(rank, reorder ? policy.locality_window : 0, policy.locality_span, s_.last_started);
    for (Sequence * seq : s_.backlog) {
        const bool waits = (seq->producer != 0 && still_produces(s_.find(seq->producer), *seq)) ||
                           (seq->load != 0 && s_.loads.is_under_way(seq->load));
        if (!waits) queue.add(*seq, s_.gate.class_of(*seq));
    }
    queue.order();
    return queue;
}

EffectiveClass AdmissionRound::effective_class(const Sequence & seq) const {
    return order_.effective_class(seq, !lifts_blocked_ && s_.running.may_lift());
}

void AdmissionRound::run() {
    while (Sequence * seq = queue_.next()) {
        if ((blocked_ || no_slot_ < kClasses) && ++looks_ > kLooks) break;
        if (number_of(seq->cls) >= no_slot_) continue;
        if (s_.coalescer.is_group_full(s_.running)) break;
        if (!may_start(*seq)) continue;
        if (!start(*seq) && !goes_on_without_room(*seq)) break;
    }
}

bool AdmissionRound::may_start(Sequence & seq) {
    const bool keeps_slot = seq.is_protected() && seq.cls != Class::interactive;
    if (keeps_slot && !s_.running.may_add_unmovable()) return false;
    if (!passes_gate(seq)) {
        queue_.close(s_.gate.class_of(seq));
        return false;
    }
    if (seq.cache && waits_for_producer(seq)) return false;
    const bool passes = !blocked_ || may_pass_blocked(seq);
    // No load takes the pages that an overdue request waits for.
    if (!passes && order_.is_overdue(*blocked_)) return false;
    return !waits_for_load(seq) && passes;
}

bool AdmissionRound::passes_gate(const Sequence & seq) {
    return s_.running.empty() || order_.is_overdue(seq) || order_.is_below_share(seq) || s_.gate.passes(seq);
}

bool AdmissionRound::waits_for_producer(Sequence & seq) {
    if (seq.producer != 0 && still_produces(s_.find(seq.producer), seq)) return true;
    seq.producer = 0;
    const Producer producer = find_producer(seq, s_.running, s_.cache);
    if (!producer.seq) return false;
    seq.producer = producer.seq->id;
    seq.shared = producer.shared;
    if (s_.cache.has_states()) producer.seq->stops.add(producer.shared, NodeKind::next);
    // A request that waits for it lends it its class.
    producer.seq->effective_class = std::min(producer.seq->effective_class, effective_class(seq));
    ++s_.counters.dedupe_waits;
    s_.write_about(seq, decision::Dedupe{producer.seq->id, producer.shared});
    return true;
}

/** Its next pages are on their way, or will be; there is room for all that it starts with. */
bool AdmissionRound::waits_for_load(Sequence & seq) {
    return s_.config.tiers.on && s_.waits_for_load(seq, all_pages(seq), kept_back(seq));
}

/**
 * The one that finds no room is not overtaken, or big requests would starve: but for a few smaller ones of its class.
 * An interactive request passes one that only age has put before it, as long as the reserve lasts; one that is overdue
 * only if there is room for both, or a big one would never find room.
 */
bool AdmissionRound::may_pass_blocked(const Sequence & seq) const {
    const Sequence & blocked = *blocked_;
    const SchedulerConfig & config = s_.config;
    if (s_.policy().is_fcfs()) return false;
    if (seq.cls == Class::interactive && blocked.cls != Class::interactive) {
        const int32_t held = pages_for(seq.n_tokens(), config.page_tokens) + s_.running.interactive_pages();
        const int32_t wanted = pages_for(blocked.most_computed(), config.page_tokens);
        if (order_.is_overdue(blocked) && held + s_.loads.n_held() + wanted > config.n_pages) return false;
        return static_cast<int64_t>(held) * 100 <= static_cast<int64_t>(config.n_pages) * config.reserve_percent;
    }
    if (blocked.usage.preemptions > 0) return false;  // passing it would soon cost it its place again
    return blocked.usage.bypassed < s_.policy().max_bypass && seq.n_tokens() < blocked.n_tokens() &&
           effective_class(seq) == effective_class(blocked);
}

/** False: it found no room. */
bool AdmissionRound::start(Sequence & seq) {
    const Room room = make_room(seq, !blocked_ || seq.cls < blocked_->cls);
    if (room != Room::made) return room == Room::waits_for_load;
    s_.start(seq, effective_class(seq));
    if (!blocked_) return true;
    ++blocked_->usage.bypassed;
    s_.write_about(seq, decision::Bypass{blocked_->id, blocked_->usage.bypassed});
    return true;
}

/** What that means for those behind it. False: none of them can start. */
bool AdmissionRound::goes_on_without_room(Sequence & seq) {
    lifts_blocked_ = true;
    if (s_.running.has_slot()) {
        if (!blocked_) blocked_ = &seq;
        return true;
    }
    no_slot_ = number_of(seq.cls);
    return !s_.policy().is_fcfs() && s_.backlog.best_class() < no_slot_;
}

/** A slot and the pages of its tokens, at the cost of running requests if it may. */
AdmissionRound::Room AdmissionRound::make_room(Sequence & seq, bool at_the_cost_of_others) {
    const EffectiveClass cls = number_of(seq.cls);  // not lifted: age preempts no request
    for (;;) {
        const bool has_slot = s_.running.has_slot();
        const int32_t lacking = has_slot ? take_pages(seq, seq.n_tokens() - 1) : 0;
        if (has_slot && lacking == 0) return Room::made;
        // Pages that are on their way for a worse class, or for no request yet, are computed instead.
        if (lacking > 0 && s_.make_way(s_.policy().is_fcfs() ? kClasses - 1 : cls, seq.id)) continue;
        if (Sequence * victim = at_the_cost_of_others ? victim_for(seq, lacking) : nullptr) {
            s_.preempt(*victim, seq.id);
            if (waits_for_load(seq)) return Room::waits_for_load;
        } else if (!s_.running.empty() || !s_.loads.empty() || !s_.cache.break_pin()) {
            return Room::none;  // what runs or is loaded gives its pages back; a pin may not
        } else {
            s_.write_about(seq, decision::BreakPin{});
        }
    }
}

/** The running one that gives its slot or pages to the request: of a worse class, or of a tenant above its share. */
Sequence * AdmissionRound::victim_for(const Sequence & seq, int32_t lacking) const {
    if (s_.policy().is_fcfs()) return nullptr;
    const EffectiveClass cls = number_of(seq.cls);  // not lifted: age preempts no request
    Sequence * worst = s_.running.victim_of_class();
    if (worst && worst->effective_class > cls && s_.running.may_free(lacking, cls)) return worst;
    if (!order_.is_below_share(seq) || !s_.running.may_free_for_share(lacking, *seq.tenant, cls)) return nullptr;
    return s_.running.victim_of_share(*seq.tenant, cls);
}

/** Available pages that the request may not take: the next ones of those that decode, and the reserve. */
int32_t AdmissionRound::kept_back(const Sequence & seq) const {
    const SchedulerConfig & config = s_.config;
    const bool may_use_reserve =
        s_.running.empty() || seq.cls == Class::interactive || s_.policy().is_fcfs() || order_.is_overdue(seq);
    const int64_t reserve = may_use_reserve ? 0 : static_cast<int64_t>(config.n_pages) * config.reserve_percent / 100;
    return s_.running.decode_growth() + static_cast<int32_t>(reserve);
}

/** Pages that are promised to it when it starts, shared ones included. */
int32_t AdmissionRound::all_pages(const Sequence & seq) const {
    return pages_for(seq.is_protected() ? seq.most_computed() : seq.n_tokens(), s_.config.page_tokens);
}

/** Shares what is cached of the first `most` tokens and has the rest promised: returns 0. Or changes nothing: returns
 * the pages it lacks. */
int32_t AdmissionRound::take_pages(Sequence & seq, int32_t most) {
    const SchedulerConfig & config = s_.config;
    PrefixCache & cache = s_.cache;
    const int32_t kept_back = this->kept_back(seq);

    auto holding = cache.hold(seq.salt);
    holding->lock.owner = seq.program->program;
    MissExplanation * why = seq.usage.preemptions == 0 && !seq.restarted ? &seq.usage.miss : nullptr;
    const int32_t cached = seq.cache ? cache.acquire(*holding, seq.tokens, most, why) : 0;
    const int32_t needed = all_pages(seq) - cached / config.page_tokens;
    if (needed > cache.available() - kept_back) cache.drop_partial_page(*holding);
    const int32_t lacking = needed - (cache.available() - kept_back);
    if (lacking > 0) {
        cache.release(*holding);
        // With recurrent layers the copy of a page that is shared in part can be one page too many: an earlier state
        // then.
        const bool retry = lacking == 1 && cache.has_states() && cached % config.page_tokens != 0;
        return retry ? take_pages(seq, cached - 1) : lacking;
    }
    cache.promise(*holding, needed);
    seq.holding = std::move(holding);
    return 0;
}

}  // namespace banyan
