// The requests that run, and the slots.
//
// Owns: their list in order of admission, the free slots, and counts of those that restrict what may start beside them.
// Changed by: add, remove. Thread: the engine thread.
// Invariant: each has one slot, no two the same. A protected sequence (preempted kMaxPreemptions times) runs only with
// all its pages promised, so it needs no further page; every other one can be preempted. Hence whenever a page is
// missing there is a victim, and each is a victim kMaxPreemptions times at most.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/requests/sequence.h"
#include "core/types.h"

namespace banyan {

class RunningSet {
  public:
    /** most_unmovable: of n_slots, those that requests may have whose slot no interactive request can take. */
    RunningSet(int32_t n_slots, int32_t most_unmovable);

    /** Gives it the first free slot. Its admitted_class is set. */
    void add(Sequence & seq);
    /** Takes its slot back. */
    void remove(Sequence & seq);

    bool empty() const { return running_.empty(); }
    int32_t size() const { return static_cast<int32_t>(running_.size()); }
    auto begin() const { return running_.begin(); }
    auto end() const { return running_.end(); }

    bool has_slot() const { return !free_slots_.empty(); }
    int32_t n_free_slots() const { return static_cast<int32_t>(free_slots_.size()); }
    /** The one that add() would give. */
    SlotId next_slot() const { return *free_slots_.begin(); }
    /** May another one keep its slot from interactive requests? */
    bool may_add_unmovable() const { return n_unmovable_ < most_unmovable_; }
    /**
     * May another one run above its class? Only a few at a time: a long queue of aged background requests advances, and
     * does not become a queue of interactive ones.
     */
    bool may_lift() const { return may_add_unmovable() && n_lifted_ < most_lifted_; }

    /** Pages that decodes take in the next step, beyond what was promised to them. */
    int32_t decode_growth() const;
    /** Pages held by or promised to interactive requests. */
    int32_t interactive_pages() const;
    /** Would preempting all that are worse than this class give n_pages? */
    bool may_free(int32_t n_pages, EffectiveClass cls) const;
    /** Is any worse than this class? */
    bool has_worse_than(EffectiveClass cls) const;

    /** The last in order that is not protected; nullptr: all are. Rows are planned best first: it has none yet. */
    Sequence * victim() const;
    /** The one whose slot a better class takes: of the worst class, the one preempted least often. nullptr: none. */
    Sequence * victim_of_class() const;
    /**
     * The one whose slot a request of this tenant and class takes to have its share: of the tenant with most slots for
     * its weight, the one preempted least often. Only while that tenant then still has as many. nullptr: none.
     */
    Sequence * victim_of_share(const Tenant & tenant, EffectiveClass cls) const;
    /** Would preempting all of which that is true give n_pages? */
    bool may_free_for_share(int32_t n_pages, const Tenant & tenant, EffectiveClass cls) const;
    /** The worst class of which a request of this tenant runs that may be preempted; -1: none may. */
    EffectiveClass worst_class_of(const Tenant & tenant) const;
    /** A request of the tenant that has most slots for its weight; nullptr: nothing runs. */
    const Sequence * of_most_served() const;

    std::string check_integrity() const;

  private:
    std::vector<Sequence *> running_;
    std::set<SlotId> free_slots_;
    int32_t n_slots_, most_unmovable_, most_lifted_;
    int32_t n_unmovable_ = 0, n_lifted_ = 0;
};

}  // namespace banyan
