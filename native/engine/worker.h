// What the engine thread does: steps of schedule -> run -> sample -> commit, and the events that come of them.
//
// Owns: scheduler, runner, the decoder of every live request, events not yet taken. Changed by: submit, cancel, step.
// Thread: the engine thread only; no locks. Invariant: every submitted request ends with exactly one finish or error.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/scheduler.h"
#include "engine/event.h"
#include "engine/options.h"
#include "runner/decoder.h"
#include "runner/runner.h"

namespace banyan {

class Worker {
  public:
    Worker(const SchedulerConfig & config, std::unique_ptr<Runner> runner);

    void submit(Request request, std::unique_ptr<Decoder> decoder);
    /** Ends the request with finish (cancelled). Nothing happens when it is not live. */
    void cancel(RequestId id);
    void cancel_all();

    /**
     * One step. False: nothing could run. A failure inside ends the requests concerned with an error event; false is
     * also returned when `aborted` ended the step.
     */
    bool step(const std::atomic<bool> & aborted);

    std::vector<Event> take_events();
    bool idle() const { return live_.empty(); }
    Scheduler & scheduler() { return scheduler_; }
    EngineStats stats() const;

    /** Steady clock, microseconds; never 0, which the scheduler reads as "not yet". */
    static Micros now();

  private:
    /** By row: how the device may sample it, nullptr where only the host can. */
    const std::vector<DeviceSampler *> & samplers_of(const Batch & batch);
    void sample(const Batch & batch, StepResult & result);
    void fail(RequestId id, const std::string & code, const std::string & message);
    void finish(RequestId id, FinishReason reason);
    void fail_everything(const std::string & message);
    /** Empties the slots whose request left or was preempted, for caches that would keep their cells until reused. */
    void release_slots(const Batch & batch);

    Scheduler scheduler_;
    std::unique_ptr<Runner> runner_;
    std::unordered_map<RequestId, std::unique_ptr<Decoder>> live_;
    std::vector<RequestId> slot_owners_;  // by slot, 0 = empty; kept only when the runner holds stock sequences
    std::vector<DeviceSampler *> samplers_;  // of the step under way
    std::vector<Event> events_;
    Micros in_steps_ = 0;
    struct Ended {
        RequestId id;
        FinishReason reason;
        std::string code, message;  // of an error
    };
    std::vector<Ended> ended_;  // in this step: their events need the usage that commit completes
};

}  // namespace banyan
