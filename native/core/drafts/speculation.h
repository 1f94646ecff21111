// How many drafts go into a step: as many as make its tokens come soonest, none when they do not pay.
//
// Owns: the drafter (unless given one), the curve, the ledger. Changed by: draft, commit, ended. Thread: the engine
// thread. Invariant: deterministic. What drafts cost beyond what they saved is bounded by the ledger.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/costs/cost-model.h"
#include "core/drafts/draft.h"
#include "core/drafts/speculation-ledger.h"
#include "core/drafts/verify-curve.h"
#include "core/types.h"

namespace banyan {

/** automatic: drafts where they pay; always: all of them, to measure and to test. */
enum class SpeculationMode : uint8_t { off, automatic, always };
template <>
struct Words<SpeculationMode> {
    static constexpr auto list = words("off", "auto", "always");
};

class Speculation {
  public:
    Speculation(SpeculationMode mode, int32_t max_running);
    ~Speculation();

    bool on() const { return mode_ != SpeculationMode::off; }
    /** In place of the drafter; outlives the speculation. */
    void draft_by(DraftSource & source) { source_ = &source; }
    DraftSource & source() { return *source_; }

    /** Drafts may go into a step of n_rows decodes. */
    bool may_try(int32_t n_rows) const;
    /**
     * Cuts the drafts, one for each of n_rows at most, to those that make the step's tokens come soonest. At most
     * `most` tokens in all, and no step longer than `target`. context: time for what the rows attend to.
     */
    void choose(std::vector<Draft> & drafts, int32_t n_rows, int32_t most, Micros target, Micros context) const;
    /**
     * A step of n_rows decodes and nothing else took so long; n_drafts of its tokens were drafts. False: they do not
     * pay and rest from now on.
     */
    bool commit(int32_t n_rows, int32_t n_drafts, int32_t n_right, Micros took, Micros context);

    const VerifyCurve & curve() const { return curve_; }
    const SpeculationLedger & ledger() const { return ledger_; }
    int64_t bytes() const;

  private:
    SpeculationMode mode_;
    std::unique_ptr<class Drafter> own_;
    DraftSource * source_;
    VerifyCurve curve_;
    SpeculationLedger ledger_;
    uint64_t steps_ = 0;
};

}  // namespace banyan
