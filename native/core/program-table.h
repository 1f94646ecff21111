// How much service each program (one agent run) has had, so that those of a class share the engine fairly.
//
// Owns: one entry a program with live requests, or with more service than a newcomer would start at.
// Changed by: the scheduler (enter, leave, charge, admitted).
// Thread: the engine thread.
// Invariant: service never decreases. A program that comes (back) starts at the service of the program admitted last,
// at least: nobody saves up a right to be first by staying away (start-time fair queueing, Goyal et al. 1996; for LLM
// serving: VTC, Sheng et al., OSDI 2024). Among those present the least attained service goes first (Autellix, 2025).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/types.h"

namespace banyan {

struct Program {
    int64_t service = 0;  // tokens run through the model for it
    int32_t live = 0;     // requests that are waiting or running
};

class ProgramTable {
  public:
    /** A request of the program was submitted. The entry does not move until the matching leave(). */
    Program & enter(ProgramId program);
    /** A request of the program has ended. */
    void leave(ProgramId program);

    static void charge(Program & program, int64_t n_tokens) { program.service += n_tokens; }
    /** One of its requests was given a slot. */
    void admitted(const Program & program);

    const Program * find(ProgramId program) const;
    size_t size() const { return programs_.size(); }

  private:
    void forget_idle();

    std::map<ProgramId, Program> programs_;
    int64_t start_ = 0;  // where a newcomer starts
    size_t n_idle_ = 0;
};

}  // namespace banyan
