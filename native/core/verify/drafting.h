// Whether tokens are drafted, by whom, and which drafts go into a step.
//
// Owns: the drafter (unless given one), the control. Changed by: what is asked of the source; commit. Thread: the
// engine thread. Invariant: deterministic; when off there is no drafter and no memory for one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/drafts/draft-model.h"
#include "core/drafts/draft.h"
#include "core/types.h"
#include "core/verify/draft-control.h"
#include "core/verify/model-drafting.h"
#include "core/words.h"

namespace banyan {

/** automatic: drafts where they pay; always: what is drafted is checked, whatever that costs. */
enum class DraftMode : uint8_t { off, automatic, always };
template <>
struct Words<DraftMode> {
    static constexpr auto list = words("off", "auto", "always");
};

class Drafting {
  public:
    static constexpr uint32_t kSampled = 8;
    static constexpr int32_t kInVain = 4;  // looks without a draft that was worth it, until they become fewer

    Drafting(DraftMode mode, int32_t max_running);
    ~Drafting();

    /** Another source than the drafter, which stays. Needs on(). */
    void draft_by(DraftSource & source) { source_ = &source; }
    bool on() const { return mode_ != DraftMode::off; }
    /** Needs on(). */
    DraftSource & source() { return *source_; }

    /** A step of so many decodes may have drafts. False: what comes is only compared with what would be drafted. */
    bool may_check(int32_t n_rows) const { return mode_ == DraftMode::always || control_.may_check(n_rows); }
    /** What grammars will ask for may be looked for: that costs time, and is paid for. */
    bool may_look() const { return mode_ == DraftMode::always || control_.may_pay(); }
    /**
     * Needs on(). The source is asked about the step that is planned. Of steps that may have no drafts, and of a model
     * whose steps are so short that looks are a part of them, once looks were in vain: in one of kSampled.
     */
    bool asks(bool may_check, const DraftStep & step);
    /** A second model that drafts where texts do not; it outlives this. cost: of its steps. Needs on(). */
    void add_model(DraftModel & model, const CostConstants & cost);
    /** nullptr: there is none. */
    DraftModel * model() { return model_; }
    /** It may draft for a step of so many decodes. */
    bool may_ask_model(int32_t n_rows) const;
    ModelPlan plan_model(const std::vector<ModelCandidate> & candidates, const DraftStep & step);
    /** It has drafted for the step that is planned. */
    void note_passes(const std::vector<ModelPass> & passes) { spent_ += modeling_.observe(passes); }
    /** Microseconds that it took for the step that is planned. */
    Micros spent() const { return spent_ / 1000; }

    /** Cuts drafts from their ends to those that make the step's tokens come soonest; with `always`, to those that fit.
     */
    DraftChoice choose(std::vector<Draft> & drafts, const DraftStep & step);
    /**
     * Needs on(). The step took so long, its planning by the model included, and n_right of its n_drafts were; of the
     * model's drafts so many. foretelling: nanoseconds of it that went into what grammars will ask for.
     */
    DraftRests commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took, ModelShare model = {},
                      int64_t foretelling = 0);
    /** Nothing was committed. */
    void forget_step() { spent_ = 0; }

    /** Nanoseconds that drafts saved so far; negative: they cost more. */
    int64_t saved() const { return control_.ledger().saved(); }
    /** Steps for which drafts rest. */
    int32_t rest() const { return mode_ == DraftMode::automatic ? control_.ledger().rest() : 0; }
    int32_t model_rest() const { return mode_ == DraftMode::automatic ? control_.model_rest() : 0; }

  private:
    DraftMode mode_;
    std::unique_ptr<class Drafter> own_;
    DraftSource * source_;
    DraftControl control_;
    DraftModel * model_ = nullptr;
    ModelDrafting modeling_;
    int64_t spent_ = 0;  // nanoseconds
    uint32_t n_skipped_ = 0;
    int32_t in_vain_ = 0;
};

}  // namespace banyan
