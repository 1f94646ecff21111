// One look at the backlog: requests start in the order of their rank, as long as there are slots, and pages for the
// whole prompt of each.
//
// Owns: what was found out during this look: the first request without room, the class for which no slot is left. One
// object a look. It starts and preempts requests through the scheduler.
// Thread: the engine thread.
// Invariant: a request that finds no room is passed only by better classes, and by a few smaller ones of its own.
#pragma once

#include <cstdint>

#include "core/requests/waiting-order.h"
#include "core/requests/waiting-queue.h"
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

class AdmissionRound {
  public:
    explicit AdmissionRound(Scheduler::Impl & scheduler);

    void run();

  private:
    WaitingQueue queue_of_backlog();
    bool may_start(Sequence & seq);
    bool passes_gate(const Sequence & seq);
    bool waits_for_producer(Sequence & seq);
    bool waits_for_load(Sequence & seq);
    bool may_pass_blocked(const Sequence & seq) const;
    bool start(Sequence & seq);
    enum class Room : uint8_t { none, made, waits_for_load };
    Room make_room(Sequence & seq, bool at_the_cost_of_others);
    Sequence * victim_for(const Sequence & seq, int32_t lacking) const;
    int32_t all_pages(const Sequence & seq) const;
    int32_t take_pages(Sequence & seq, int32_t most);
    int32_t kept_back(const Sequence & seq) const;
    bool goes_on_without_room(Sequence & seq);
    EffectiveClass effective_class(const Sequence & seq) const;

    Scheduler::Impl & s_;
    const WaitingOrder order_;
    bool lifts_blocked_ = false;  // a request above its class found no room
    WaitingQueue queue_;
    Sequence * blocked_ = nullptr;       // the first that found no pages
    EffectiveClass no_slot_ = kClasses;  // requests of this class and worse find no slot
    int32_t looks_ = 0;                  // at requests behind one without room
};

}  // namespace banyan
