// What the engine thread does: steps of schedule -> run -> sample -> commit, and the events that come of them.
//
// Owns: scheduler, runner, the decisions not yet told, the decoder of every live request, events not yet taken. Changed
// by: submit, cancel, step. Thread: the engine thread only; no locks. Invariant: every submitted request ends with
// exactly one finish or error; what the step under way reads (its rows, their decoders) stays until it ends.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/scheduler/scheduler.h"
#include "engine/decision-events.h"
#include "engine/event.h"
#include "engine/options.h"
#include "engine/step-counts.h"
#include "engine/step-log.h"
#include "runner/decoder.h"
#include "runner/runner.h"

namespace banyan {

class DraftRunner;
class TierIo;

class Worker {
  public:
    /** tiers: nullptr: no page is kept outside the pool. */
    Worker(const SchedulerConfig & config, std::unique_ptr<Runner> runner, std::shared_ptr<TierIo> tiers = nullptr);
    ~Worker();

    /** A draft model drafts too, where drafts are on; its steps cost so much. Before the first request. */
    void draft_by(std::unique_ptr<DraftRunner> drafts, const CostConstants & cost);

    // These, and all that read or advise the scheduler, also in the midst of a step: see listen().

    void submit(Request request, std::unique_ptr<Decoder> decoder);
    /** Ends the request with finish (cancelled). Nothing happens when it is not live. */
    void cancel(RequestId id);
    void cancel_all();
    /** Something broke that cannot be blamed on one request: all of them end with `error` INTERNAL. */
    void fail_all(const std::string & message);

    /**
     * `hear` is called again and again while a step is computed, except on a GPU: it may do what is said above, and
     * returns whether it did. A step that no live request needs any more ends at once.
     */
    void listen(std::function<bool()> hear);

    /**
     * One step. False: nothing could run. A failure inside ends the requests concerned with an error event; false is
     * also returned when `aborted` ended the step.
     */
    bool step(const std::atomic<bool> & aborted);

    /** When idle, or after a step that ran nothing: how long nothing will happen by itself; negative: for ever. */
    Micros patience() const;
    /** Nothing waits, but pages that a tier keeps are to be loaded, or came too late. */
    bool is_due() const { return scheduler_.alarm() <= now(); }

    /** Pages came from the store, or were written: takes them. Also in the midst of a step. */
    void settle_tiers();
    /** The engine is about to end: what programs may go on from is written, as far as there is time. */
    void drain_tiers(Micros patience);

    /** What became of the page store, as a decision event; it comes whether or not decisions are wanted. */
    void tell_disk(std::string sentence);

    /** Decisions become events, or are not recorded. */
    void set_decisions(bool on);

    std::vector<Event> take_events();
    /** No request, nothing to compute ahead, and no page that is to be loaded now for a call to come. */
    bool idle() const { return live_.empty() && scheduler_.idle() && scheduler_.alarm() > now(); }
    Scheduler & scheduler() { return scheduler_; }
    EngineStats stats() const;
    /** The steps after this one, the oldest first, as far as they are remembered. */
    std::vector<StepRow> steps_since(uint64_t number) const { return log_.since(number); }

    static constexpr Micros kLook = 5'000;  // how often at least, while no request gives pages back: a pin may expire

    /** Steady clock, microseconds; never 0, which the scheduler reads as "not yet". */
    static Micros now();

  private:
    void hand_out_tiers();
    struct Live {
        std::unique_ptr<Decoder> decoder;
        ProgramId program;
        int refusals = 0;                                            // see Runner::refused
        bool progress = false, admitted = false, prefilled = false;  // wants events of its stages; was told of them
        Micros told = 0;                                             // of its prefill
    };

    /** By row: how the device may sample it, nullptr where only the host can. */
    const std::vector<DeviceSampler *> & samplers_of(const Batch & batch);
    bool compute(const Batch & batch);
    void save_owed_states();
    bool is_wanted(const Batch & batch) const;
    /** Tells the scheduler which rows were not computed. Their requests begin again; one that is refused again and
     * again ends with an error. */
    void tell_refused(const Batch & batch, StepResult & result);
    void sample(const Batch & batch, StepResult & result);
    RowResult decode(const BatchRow & row, size_t r, Live & live);
    /** After the result's token: what the grammar leaves no choice about. */
    void jump(Decoder & decoder, RowResult & result);
    /** Requests of the batch that were waiting until now. */
    void tell_admitted(const Batch & batch);
    /** How far prompts are, of each at most every tenth of a second. */
    void tell_prefill(const Batch & batch);
    void tell_stage(RequestId id, Stage stage, int32_t tokens, int32_t prompt_tokens);
    /** What a token gave, as events in their order. */
    void publish(RequestId id, Decoded && decoded);
    bool score(const BatchRow & row, size_t r, Decoder & decoder);
    void fail(RequestId id, const std::string & code, const std::string & message, Micros retry_after = 0);
    void finish(RequestId id, FinishReason reason);
    void forget(std::unordered_map<RequestId, Live>::iterator request);
    /** Empties the slots whose request left or was preempted, for caches that would keep their cells until reused. */
    void release_slots(const Batch & batch);

    std::unique_ptr<DraftRunner> drafts_;  // nullptr: there is none
    Scheduler scheduler_;
    std::unique_ptr<Runner> runner_;
    std::shared_ptr<TierIo> tiers_;
    std::unordered_map<RequestId, Live> live_;
    const Batch * computing_ = nullptr;                    // the step under way, while the model computes it
    std::vector<std::unique_ptr<Decoder>> ended_in_step_;  // the device may still sample by them
    std::optional<std::string> broken_;                    // why the step under way has to end
    std::vector<RequestId> slot_owners_;     // by slot, 0 = empty; kept only when the runner holds stock sequences
    std::vector<DeviceSampler *> samplers_;  // of the step under way
    std::vector<Event> events_;
    DecisionEvents decisions_;
    Micros in_steps_ = 0;
    int64_t foretelling_ = 0;  // nanoseconds of the step in which grammars were asked what comes next
    StepTimes steps_, deciding_;
    StepCounts counts_;
    StepLog log_;
    struct Ended {
        RequestId id;
        FinishReason reason;
        std::string code, message;  // of an error
    };
    std::vector<Ended> ended_;  // in this step: their events need the usage that commit completes
};

}  // namespace banyan
