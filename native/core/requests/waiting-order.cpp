#include "core/requests/waiting-order.h"

#include <algorithm>

namespace banyan {

EffectiveClass WaitingOrder::effective_class(const Sequence & seq, bool may_lift) const {
    if (policy_.is_fcfs()) return 0;
    const EffectiveClass own = number_of(seq.cls);
    const Micros age = policy_.age[seq.cls];
    if (own == 0 || age == 0 || !may_lift) return own;
    return static_cast<EffectiveClass>(std::max<Micros>(0, own - seq.waited_by(now_) / age));
}

bool WaitingOrder::is_overdue(const Sequence & seq) const {
    return !policy_.is_fcfs() && seq.waited_by(now_) >= policy_.overdue;
}

/** Its tenant has had more than its turn, and others wait. */
bool WaitingOrder::is_overdrawn(const Sequence & seq) const {
    return policy_.quantum > 0 && seq.tenant->service > least_service_ + 2 * policy_.quantum;
}

bool WaitingOrder::is_below_share(const Sequence & seq) const {
    return !policy_.is_fcfs() && policy_.quantum > 0 && may_take_slot(*seq.tenant, most_served_) && !is_overdrawn(seq);
}

/**
 * Which band of attained service its program is in, while that tells which programs are nearly done. 0, the first, for
 * programs that mostly waited and for the last sibling of a fork: the join waits for it.
 */
int32_t WaitingOrder::service_band(const Sequence & seq) const {
    const Program & p = *seq.program;
    if (service_tells_end_ >= 500) return 0;
    if (seq.group != 0) {
        const auto live = p.groups.find(seq.group);
        if (live != p.groups.end() && live->second == 1) return 0;
    }
    const Micros waits = p.waited + now_ - seq.wait_since;
    if (waits * 1000 >= policy_.starving * std::max<Micros>(p.running_time, 1000)) return 0;
    const auto & edges = policy_.level_edges;
    return static_cast<int32_t>(std::upper_bound(edges.begin(), edges.end(), p.service) - edges.begin());
}

WaitingRank WaitingOrder::rank(const Sequence & seq, bool may_lift) const {
    WaitingRank r;
    r.arrival = seq.arrival;
    if (policy_.is_fcfs()) return r;
    r.effective_class = static_cast<uint8_t>(effective_class(seq, may_lift));
    r.below_share = policy_.quantum > 0 && has_fewer_slots(*seq.tenant, most_served_) && !is_overdrawn(seq);
    r.in_patience = !is_overdue(seq);
    if (!r.in_patience) return r;  // in order of arrival, whatever else
    const int64_t quantum = policy_.quantum;
    r.program = seq.program->arrival;
    r.overdrawn = is_overdrawn(seq);
    r.is_new = seq.usage.preemptions == 0;
    r.late = !(seq.in_time && seq.program->active);
    r.deadline = seq.deadline;
    r.service_band = static_cast<uint8_t>(service_band(seq));
    r.round = quantum > 0 ? seq.tenant->service / quantum : 0;
    r.slots = static_cast<int16_t>(seq.program->running);
    return r;
}

}  // namespace banyan
