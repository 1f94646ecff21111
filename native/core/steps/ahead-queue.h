// Beginnings of prompts that are known to come, and are to be computed while no request is live.
//
// Owns: their tokens. Changed by: the scheduler. Thread: the engine thread.
// Invariant: at most one a program and at most kMost in all; what finds no place is computed when its call comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/types.h"

namespace banyan {

struct KnownPrefix {
    ProgramId program = 0;
    Salt salt = 0;
    std::vector<Token> tokens;
    int32_t steps = 1;   // calls of the program until it is wanted
    uint64_t order = 0;  // of the hints
    int32_t rolled = 0;  // where the last chunk ended: its state is needed for the next one only
};

class AheadQueue {
  public:
    /** Replaces the program's. Beyond kMost the one wanted last goes. */
    void add(KnownPrefix known);
    void drop(ProgramId program);
    /** Takes out the one wanted first; not when empty(). */
    KnownPrefix pop();
    bool empty() const { return prefixes_.empty(); }
    size_t size() const { return prefixes_.size(); }

    static constexpr size_t kMost = 64;

  private:
    std::vector<KnownPrefix> prefixes_;  // wanted last first
};

}  // namespace banyan
