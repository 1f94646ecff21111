// Beginnings of prompts that programs said they will send, computed while no request is live, so that their calls find
// them cached. It must cost no request anything: only in steps so short that a request which comes meanwhile is hardly
// due when they end; on pages that are free or that no call is expected to go on from; and between two steps it holds
// none.
//
// Owns: the known beginnings, and the chunk under way with its pages. Changed by: every method that is not const.
// Thread: the engine thread.
// Invariant: at most one chunk is under way, and only in a step without any request.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "core/memory/prefix-cache.h"
#include "core/policy/decision-log.h"
#include "core/programs/hint.h"
#include "core/programs/program-table.h"
#include "core/steps/ahead-queue.h"
#include "core/steps/step-pace.h"
#include "core/steps/step.h"

namespace banyan {

class Lookahead {
  public:
    /** on: prompts are computed ahead at all. A prompt of max_context tokens or more never can run. */
    Lookahead(bool on, int32_t max_context, PrefixCache & cache, ProgramTable & programs, DecisionLog & log)
        : on_(on), max_context_(max_context), cache_(cache), programs_(programs), log_(log) {}

    /** A hint told the beginning of the program's next prompt, which is marked as far as it is cached. */
    void remember_next_prompt(Program & program, const Hint & hint);
    /** Its call has come, or will not, or begins otherwise. */
    void forget(Program & program);

    bool empty() const { return known_.empty() && !chunk_; }
    bool is_computing() const { return chunk_ != nullptr; }

    /** Fills the empty step with one chunk of the prompt that is wanted first; one that finds no room is given up. */
    void plan(Step & step, const StepPace & pace, SlotId slot);
    /** If the state of the chunk under way is among these, it was not saved. */
    void lose_states(const std::set<StateId> & states);
    /** The step's n_tokens are cached, and the program's mark moves to their end. A failed chunk is not tried again. */
    void commit(int32_t n_tokens, bool failed);

  private:
    int32_t last_token(const std::vector<Token> & tokens) const;

    struct Chunk {
        KnownPrefix known;
        std::unique_ptr<Holding> holding;
        bool wanted;  // its program still begins so
    };

    bool on_;
    int32_t max_context_;
    PrefixCache & cache_;
    ProgramTable & programs_;
    DecisionLog & log_;
    AheadQueue known_;
    uint64_t next_hint_ = 1;
    std::unique_ptr<Chunk> chunk_;
};

}  // namespace banyan
