// What is left of a step for prompts, and how it is shared among those that run.
//
// Owns: the tokens that are left, the shape that the step would have. One object a step.
// Changed by: share. Thread: the engine thread.
// Invariant: the chunks' tokens and left() are the budget; the predicted step stays within each chunk's target, but for
// StepPace::least() tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/costs/cost-model.h"
#include "core/policy/policy.h"
#include "core/requests/sequence.h"
#include "core/steps/step-pace.h"
#include "core/types.h"

namespace banyan {

/** A running prompt that wants tokens of this step. */
struct PrefillChunk {
    Sequence * seq;
    EffectiveClass effective_class;  // of the running sequence, better if it had no tokens for long
    int32_t n_tokens = 0;            // given to it

    bool is_over() const { return n_tokens == seq->next_chunk(); }
};

class PrefillBudget {
  public:
    /**
     * n_tokens: of the step, without its decodes. decodes: the step so far, and step_target the longest that it may
     * take: longest_step, or less for the sake of those decodes. crowd: the tenant whose
     * prompts are in no hurry, see Scheduler::Impl::crowd.
     */
    PrefillBudget(const PolicyConfig & policy, const StepPace & pace, int32_t n_tokens, const StepShape & decodes,
                  Micros step_target, std::optional<TenantId> crowd, Micros now);

    /** The prompts that run and want more than the one token that decodes, best first. */
    template <typename Running>
    std::vector<PrefillChunk> chunks_of(const Running & running) const {
        std::vector<PrefillChunk> chunks;
        for (Sequence * seq : running) {
            if (!seq->decodes()) chunks.push_back({seq, effective_class(*seq)});
        }
        sort(chunks);
        return chunks;
    }

    /**
     * Gives each chunk its tokens. Prompts of the tenant with the fewest slots for its weight go first, unless it has
     * had more than its turn; of a tenant, those of which most is cached: they are about to decode. But a due prompt
     * that is mostly new keeps its share; what is left of that goes to those that had to leave it. While another
     * tenant's next question is awaited, prompts of the crowd let decodes go alone, as long as those are the more.
     */
    void share(std::vector<PrefillChunk> & chunks);

    int32_t left() const { return left_; }
    int32_t given() const { return n_tokens_ - left_; }
    /** Of the step with what was given. */
    const StepShape & shape() const { return shape_; }

  private:
    EffectiveClass effective_class(const Sequence & seq) const;
    void sort(std::vector<PrefillChunk> & chunks) const;
    bool is_cold_and_due(const PrefillChunk & chunk) const;
    bool stands_back(const PrefillChunk & chunk) const;
    void grant(PrefillChunk & chunk, int32_t most);

    const PolicyConfig & policy_;
    const StepPace & pace_;
    int32_t n_tokens_, left_;
    StepShape shape_;
    Micros target_, target_for_others_;  // for interactive prompts; for those of worse classes and of the crowd
    std::optional<TenantId> crowd_;      // only while interactive requests of other tenants are to be expected
    bool crowd_waits_ = false;           // for the next question of another tenant
    Micros now_;
};

}  // namespace banyan
