// For which requests a second model reads and drafts, and how many tokens, so that tokens come soonest.
//
// Owns: what its runs take, when it was tried last. Changed by: plan, observe. Thread: the engine thread. Invariant: a
// function of the steps that were committed and of what its runs took; integers only. What it is given to do costs no
// more than the balance of the drafts pays for, as believed; what it took is taken from there, right drafts or wrong.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/costs/cost-fit.h"
#include "core/costs/cost-model.h"
#include "core/drafts/draft-model.h"
#include "core/verify/draft-control.h"

namespace banyan {

/** A request of a step that the second model could draft for. */
struct ModelCandidate {
    int32_t unread = 0;                      // tokens that it has to read before
    int32_t n_tokens = 0;                    // of the request
    int32_t left = 0;                        // tokens until its limit
    int32_t most = 0;                        // drafts that it may have
    int64_t instead = 0;                     // tokens expected of the drafts that it has without, of kCertain
    std::array<int64_t, kMostDraft> gain{};  // tokens expected of the first n + 1 drafts, of kCertain
};

/** depth 0: it does nothing. */
struct ModelPlan {
    int32_t depth = 0;
    std::vector<int32_t> n_read;  // by candidate: tokens that it reads; all that are unread: it drafts too
};

class ModelDrafting {
  public:
    static constexpr int32_t kDeepest = 8;     // drafts of a request at once
    static constexpr int32_t kDeepAlways = 4;  // the same where they are checked whatever that takes
    static constexpr int32_t kTrialDepth = 2;  // where it does not seem to pay, now and then
    static constexpr int32_t kLeastRead = 16;  // tokens of a text of which it is to read a part
    static constexpr int32_t kAnswer = 256;    // tokens that an answer is believed to go on for at most

    /** cost: of the second model's own steps, as measured at load. */
    void begin(const CostConstants & cost) { cost_.set(cost); }
    ModelPlan plan(const std::vector<ModelCandidate> & candidates, const DraftStep & step,
                   const DraftControl & control);
    /** Where all drafts are checked: for all candidates, whatever that takes. */
    static ModelPlan plan_all(const std::vector<ModelCandidate> & candidates);
    /** Returns nanoseconds that the runs took together. */
    int64_t observe(const std::vector<ModelPass> & passes);

  private:
    struct Best {
        int32_t depth = 0, n_rows = 0;
        int64_t saved = 0;  // nanoseconds a step
    };
    Best best_of(const std::vector<const ModelCandidate *> & rows, const DraftStep & step,
                 const DraftControl & control) const;
    int64_t pass(int64_t n_rows, int64_t context) const;
    int64_t reading(const ModelCandidate & row, int32_t n) const;
    bool is_time_to_try();

    CostModel cost_;
    CostFit fit_;
    int32_t untried_ = 0, wait_ = DraftRest::kShortest;  // steps since it last drafted, and until it is tried again
};

}  // namespace banyan
