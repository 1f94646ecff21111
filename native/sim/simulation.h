// The real scheduler on a virtual clock: programs submit, steps take what the device model says, nothing is computed.
//
// Owns: scheduler, clock, the state of every call. Changed by: run().
// Thread: one. Invariant: the result depends on workload and configuration alone (all but the measured schedule times).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "core/scheduler/scheduler.h"
#include "sim/call-graph.h"
#include "sim/device-model.h"
#include "sim/log-text.h"
#include "sim/page-oracle.h"
#include "sim/prompt-text.h"
#include "sim/sim-disk.h"
#include "sim/sim-result.h"
#include "sim/workload.h"

namespace banyan::sim {

struct SimConfig {
    SchedulerConfig scheduler;
    DeviceModel device;
    DiskModel disk;            // that keeps pages outside the pool; without one there are no tiers
    Micros until = 0;          // ends the simulation; 0 = when all programs have ended
    Micros sample_every = 0;   // 0 = no timeline
    int32_t check_every = 0;   // steps between check_integrity(); 0 = never
    bool check_cells = false;  // every row proves that it reads its own past (slow)
    int32_t fail_every = 0;    // every n-th step fails; 0 = none
    bool hints = true;         // programs say when tools start and end, people are asked, branches die and runs end
    LogLevel log = LogLevel::none;
};

class Simulation {
  public:
    /** The workload has passed check() and outlives this. */
    Simulation(const Workload & workload, const SimConfig & config);

    /** Once. Ends early, with what there is, when `aborted` becomes true. */
    SimResult run(const std::atomic<bool> & aborted);

  private:
    enum class EventKind : uint8_t { submit, abort };
    struct Event {
        Micros time;
        uint64_t order;
        EventKind kind;
        int32_t what;  // a call or a program
        bool operator<(const Event & o) const { return time != o.time ? time > o.time : order > o.order; }
    };
    void at(Micros time, EventKind kind, int32_t what) { events_.push({time, next_order_++, kind, what}); }
    void deliver();
    void submit(CallIndex call, Micros due);
    void apply(const CallGraph::Effects & effects);
    void refused(CallIndex call, SubmitError error);
    void tell(CallIndex call, Hint::Kind kind);
    void end_program(int32_t program);
    bool step();
    bool wait();
    void take(const StepResult & result);
    StepResult run_model(const Batch & batch, bool failed);
    void finish(CallIndex call);
    void report(CallIndex call);
    void count_prefill(const Batch & batch);
    void sample_timeline();
    void save_owed_states();
    void use_disk();
    std::optional<PageKey> root_of(Salt salt) const;
    void violated(const std::string & wrong);

    static RequestId id_of(CallIndex call) { return static_cast<RequestId>(call) + 1; }
    static ProgramId program_id(int32_t program) { return static_cast<ProgramId>(program) + 1; }
    static CallIndex call_of(RequestId id) { return static_cast<CallIndex>(id - 1); }
    const Program & program_of(CallIndex call) const { return workload_.programs[workload_.calls[call].program]; }

    const Workload & workload_;
    const SimConfig config_;
    PromptText text_;
    CallGraph graph_;
    LogText log_;
    Scheduler scheduler_;
    std::optional<PageOracle> oracle_;
    SimDisk disk_;
    std::priority_queue<Event> events_;
    uint64_t next_order_ = 0;
    Micros now_ = 1;
    Micros next_sample_ = 0;
    uint64_t steps_ = 0;
    std::vector<Micros> last_token_;  // by call
    SimResult result_;
};

}  // namespace banyan::sim
