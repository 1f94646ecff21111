// Programs between two calls: how long their pages are kept, and when they stop being active.
//
// Owns: the measured times of tools, the lengths of programs that ended, how long calls waited for admission.
// Changed by: every method that is not const. Thread: the engine thread.
// Invariant: an active program without live calls has a time until which its pages are kept; then expire() ends that.
#pragma once

#include <cstdint>
#include <string>

#include "core/activity/demand.h"
#include "core/costs/cost-model.h"
#include "core/memory/prefix-cache.h"
#include "core/policy/decision-log.h"
#include "core/policy/policy.h"
#include "core/programs/hint.h"
#include "core/programs/program-table.h"
#include "core/programs/service-correlation.h"
#include "core/programs/tool-times.h"
#include "core/steps/lookahead.h"
#include "core/tiers/stores.h"

namespace banyan {

class IdlePrograms {
  public:
    IdlePrograms(const PolicyConfig & policy, const CostModel & cost, PrefixCache & cache, ProgramTable & programs,
                 Demand & demand, Lookahead & lookahead, Stores & stores, DecisionLog & log)
        : policy_(policy),
          cost_(cost),
          cache_(cache),
          programs_(programs),
          demand_(demand),
          lookahead_(lookahead),
          stores_(stores),
          log_(log),
          tools_(policy.tool_samples) {}

    /** The idle program has a new call: how long its tools or its person took is recorded. */
    void returned(Program & program, Micros now);
    /** A call of the program got a slot after a wait. */
    void admitted(Micros waited) { smooth(admission_wait_, waited); }

    void tool_started(Program & program, const Hint & hint, Micros now);
    /** False: the tool is not running. */
    bool tool_ended(Program & program, const std::string & tool, Micros now);

    /** Decides how long the idle program's pages are kept before others', or pauses it. */
    void retain(Program & program, int32_t n_waiting, Micros now);
    /** What that would decide of a program whose calls are about to end. */
    Retention retention(const Program & program, int32_t n_waiting);
    /** The idle program's tools are back: its next call is about to come. */
    void mark_returning(Program & program, Micros now);
    /** Pages of the idle program, times the chance that it is back within policy.return_within. */
    int32_t likely_pages(const Program & program, Micros now);

    /** Too much is wanted, and programs of this class are the first to give way. Never interactive ones. */
    bool may_pause(Class cls) const;
    /** The idle program gives up its place. */
    void pause(Program & program);
    /** Programs whose time is over are no longer active: their pages may go, and they come back like new ones. */
    void expire(Micros now);
    /** Forgets the program. */
    void end(Program & program);
    /** So that idle programs do not collect for ever: the one parked longest is forgotten beyond a limit. */
    void forget_surplus();

    /** Thousandths: how well attained service tells that a program is nearly done (ServiceCorrelation). */
    int32_t service_tells_end() const { return service_tells_end_; }

  private:
    Retention worth_keeping(const Program & program, int32_t n_waiting);
    /** It stops being active; its pages count as those of an idle program. */
    void deactivate(Program & program);

    const PolicyConfig & policy_;
    const CostModel & cost_;
    PrefixCache & cache_;
    ProgramTable & programs_;
    Demand & demand_;
    Lookahead & lookahead_;
    Stores & stores_;
    DecisionLog & log_;
    ToolTable tools_;
    ServiceCorrelation lengths_;
    int32_t service_tells_end_ = 1000;
    Micros admission_wait_ = 0;  // smoothed over calls
};

}  // namespace banyan
