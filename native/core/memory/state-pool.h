// A fixed set of rows for saved states of recurrent layers: which are in use, and which are still to be copied.
//
// Owns: the counts of every row, and the copies that are owed; never the bytes (those are the runner's).
// Changed by: the tree (a state at the end of an edge), holdings (one that a request is about to load).
// Thread: the engine thread.
// Invariant: free + referenced = total. A row that nothing refers to owes no copy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/memory/state-copy.h"
#include "core/types.h"

namespace banyan {

class StatePool {
  public:
    explicit StatePool(int32_t n_states);

    int32_t n_states() const { return static_cast<int32_t>(refs_.size()); }
    int32_t n_free() const { return static_cast<int32_t>(free_.size()); }
    int32_t refs(StateId state) const { return refs_[state]; }

    /** A free row with one reference; kNoState when none is free. */
    StateId alloc();
    void ref(StateId state) { ++refs_[state]; }
    /** Gives a reference back; without any left the row is free. */
    void unref(StateId state);

    /** The slot's state is to be copied into the row at the head of the next step. */
    void owe(const StateCopy & copy) { owed_.push_back(copy); }
    /** All that is owed, oldest first; nothing is, from then on. */
    std::vector<StateCopy> take_owed();
    /** What was taken last has been copied, or never will be. */
    void end_owed() { under_way_.clear(); }
    /** Its bytes are there: no copy into it is owed or under way. */
    bool is_saved(StateId state) const;

    std::string check_integrity() const;

  private:
    std::vector<int32_t> refs_;
    std::vector<StateId> free_;  // a stack
    std::vector<StateCopy> owed_;
    std::vector<StateCopy> under_way_;  // of the step that runs
};

}  // namespace banyan
