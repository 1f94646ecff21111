// Who goes first among those who wait.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

namespace {

constexpr int32_t kLiftedShare = 8;  // of the slots, one in so many for calls above their class

}  // namespace

/**
 * The class, better by one for every `age` waited, never better than interactive. Only a few run above their class at
 * a time: a long queue of aged background calls advances, and does not become a queue of interactive ones.
 */
int32_t Scheduler::Impl::level(const Sequence & seq) const {
    const int32_t cls = static_cast<int32_t>(seq.cls);
    if (fcfs()) return 0;
    const Micros age = policy().age[cls];
    if (cls == 0 || age == 0 || lifts_blocked || n_unmovable >= max_unmovable()) return cls;
    if (n_lifted >= std::max(1, config.max_running / kLiftedShare)) return cls;
    return static_cast<int32_t>(std::max<Micros>(0, cls - (seq.waited + now - seq.wait_since) / age));
}

/** Attained service in steps, while that tells who is nearly done; 0 for the starving and for the last of a fork. */
int32_t Scheduler::Impl::service_level(const Sequence & seq) const {
    const Program & p = *seq.program;
    if (eta >= 500) return 0;
    if (seq.group != 0) {
        const auto live = p.groups.find(seq.group);
        if (live != p.groups.end() && live->second == 1) return 0;
    }
    const Micros waits = p.waited + now - seq.wait_since;
    if (waits * 1000 >= policy().starving * std::max<Micros>(p.running_time, 1000)) return 0;
    const auto & edges = policy().level_edges;
    return static_cast<int32_t>(std::upper_bound(edges.begin(), edges.end(), p.service) - edges.begin());
}

/** Waited so long that it goes before all others of its level, past the gate, and into the reserve. */
bool Scheduler::Impl::overdue(const Sequence & seq) const {
    return !fcfs() && seq.waited + now - seq.wait_since >= policy().overdue;
}

/** Of a running one: no interactive call can have its slot. */
bool Scheduler::Impl::unmovable(const Sequence & seq) const {
    const bool is_protected = seq.usage.preemptions >= kMaxPreemptions;
    return seq.cls != Class::interactive && (is_protected || seq.own_level == 0);
}

/** Slots that such may take: the reserve is of slots as well as of pages. */
int32_t Scheduler::Impl::max_unmovable() const {
    const int32_t reserved = std::max(1, config.max_running * config.reserve_percent / 100);
    return fcfs() || config.reserve_percent == 0 ? config.max_running : std::max(1, config.max_running - reserved);
}

WaitingRank Scheduler::Impl::rank(const Sequence & seq) const {
    WaitingRank r;
    r.arrival = seq.arrival;
    if (fcfs()) return r;
    const int64_t quantum = policy().quantum;
    r.level = static_cast<uint8_t>(level(seq));
    r.in_patience = !overdue(seq);
    r.program = seq.program->arrival;
    if (!r.in_patience) {
        r.program = 0;  // in order of arrival, whatever else
        return r;
    }
    r.overdrawn = quantum > 0 && seq.tenant->service > least_backlogged + 2 * quantum;
    r.is_new = seq.usage.preemptions == 0;
    r.late = !(seq.in_time && seq.program->active);
    r.deadline = seq.deadline;
    r.service_level = static_cast<uint8_t>(service_level(seq));
    r.round = quantum > 0 ? seq.tenant->service / quantum : 0;
    r.slots = static_cast<int16_t>(seq.program->running);
    return r;
}

}  // namespace banyan
