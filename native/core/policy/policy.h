// Every number of the scheduling policy, with its default. Baselines and ablations are configurations of the same code.
//
// Shares are in thousandths, times in microseconds: the policy computes in integers only. INVARIANTS.md says what holds
// whatever the numbers are.
#pragma once

#include <array>
#include <cstdint>

#include "core/costs/cost-model.h"
#include "core/memory/eviction-order.h"
#include "core/option.h"
#include "core/types.h"

namespace banyan {

/** When requests may join what runs. */
enum class Batching : uint8_t {
    continuous,  // at any step
    dynamic,     // in groups: the next starts when the one before has ended, full or after max_wait
    fixed        // "static": the same, and waits for a full group, at most fixed_wait
};
template <>
struct Words<Batching> {
    static constexpr auto list = words("continuous", "dynamic", "static");
};

enum class Order : uint8_t {
    program_aware,
    fcfs  // the baseline: arrival only; no classes, windows, watermarks, budgets, bypassing or coalescing
};
template <>
struct Words<Order> {
    static constexpr auto list = words("program-aware", "fcfs");
};

struct PolicyConfig {
    Batching batching = Batching::continuous;
    int32_t group_size = 0;         // of dynamic and fixed batching; 0 = max_running
    Micros max_wait = 50'000;       // of dynamic batching
    Micros fixed_wait = 1'000'000;  // of fixed batching
    Order order = Order::program_aware;
    Eviction eviction = Eviction::typed;

    PerClass<Micros> coalesce{10'000, 50'000, 500'000};  // a request is due after this wait
    PerClass<Micros> age{0, 10'000'000, 60'000'000};     // a wait this long makes a request better by a class; 0: never
    PerClass<Micros> step_target{50'000, 100'000, kNever};  // longest step while a request of this class decodes
    // A step with prompts takes no longer than this, even if no request decodes: a cancelled request and one that comes
    // meanwhile wait for its end.
    Micros longest_step = 250'000;

    // prefill budget of a step
    int32_t tile = 64;         // tokens it is a multiple of
    int32_t min_prefill = 64;  // tokens of a step in any case; at most a quarter of max_batch_tokens
    int32_t cold_share = 250;  // of the budget, what prefills of mostly uncached prompts keep when due
    // An interactive request waits for the step under way. So for this long after one came, prompts of worse classes
    // get steps of at most `alert_steps` times what an empty one takes, or coalesce[interactive] if that is more. A
    // longer step means less overhead and longer waits.
    Micros alert = 10'000'000;
    int32_t alert_steps = 4;

    // admission
    int32_t high = 950;         // demand above it, of all pages: programs are paused
    int32_t low = 850;          // demand below it: paused ones may return, keeping pages costs nothing
    Micros tick = 250'000;      // between two looks at the window and the demand
    int32_t window_start = 16;  // workflow and background programs that may be active at first
    int32_t window_add = 2;     // by which the window grows
    int32_t window_keep = 500;  // what is left of it when it shrinks
    // Demand below use_low: the window grows; above use_high with fewer hits than hit_low: it shrinks. Demand is what
    // programs hold now, and they will hold several times that when they are done: hence so low (measured, bench/sim).
    int32_t use_low = 250, use_high = 900;
    int32_t hit_low = 500;             // of the tokens that returning programs had computed, those still cached
    Micros return_within = 5'000'000;  // an idle program counts as likely as its tool is back within this time

    // order
    std::array<int64_t, 3> level_edges{4'000, 16'000, 64'000};  // tokens of service at which a band of service ends
    int32_t starving = 3'000;        // wait / service from which a program counts as one without service
    Micros overdue = 600'000'000;    // a wait after which a request goes first in its class, past gate and reserve
    int64_t quantum = 4'096;         // tokens of a tenant's turn; 0: tenants are not told apart
    int32_t locality_window = 32;    // requests of equal rank that are reordered by prefix; 0: none
    Micros locality_span = 100'000;  // within which they must have arrived
    int32_t max_bypass = 8;          // smaller requests that may pass one without room

    // retention
    Micros keep_unknown = 10'000'000;  // how long the pages of a program that waits for an unknown tool are kept
    int32_t tool_samples = 100;        // durations remembered of each tool
    Micros next_step = 60'000'000;     // how long a program is waited for that told its next prompt
    bool compute_ahead = true;         // such prompts are computed while no request is live

    // cost
    CostConstants cost;  // all 0: not calibrated, nothing is limited by time
    bool refit = false;  // fit the constants to the time between schedule() and commit()

    bool is_fcfs() const { return order == Order::fcfs; }

    /** What goes together (low with high, level_edges in order) is validate()'s business. */
    template <typename See>
    void each_option(See && see) {
        constexpr Range kSpan{0, kForever}, kPositiveSpan{1, kForever}, kShare{0, 1000};
        see("batching", batching);
        see("group_size", group_size, Range{0, 256});
        see("max_wait", max_wait, Range{0, kMostWhole});
        see("fixed_wait", fixed_wait, Range{0, kMostWhole});
        see("order", order);
        see("eviction", eviction);
        see("coalesce", coalesce, kSpan);
        see("age", age, kSpan);
        see("step_target", step_target, kSpan);
        see("longest_step", longest_step, kPositiveSpan);
        see("tile", tile, Range{1, 1 << 16});
        see("min_prefill", min_prefill, Range{1, 1 << 20});
        see("cold_share", cold_share, kShare);
        see("alert", alert, kSpan);
        see("alert_steps", alert_steps, Range{1, 1 << 16});
        see("high", high, kShare);
        see("low", low, kShare);
        see("tick", tick, Range{1000, kForever});
        see("window_start", window_start, Range{1, 1 << 20});
        see("window_add", window_add, Range{1, 1 << 16});
        see("window_keep", window_keep, Range{1, 999});
        see("use_low", use_low, kShare);
        see("use_high", use_high, kShare);
        see("hit_low", hit_low, kShare);
        see("return_within", return_within, kSpan);
        see("level_edges", level_edges, Range{1, kMostWhole});
        see("starving", starving, Range{1, kMostInt});
        see("overdue", overdue, kPositiveSpan);
        see("quantum", quantum, Range{0, 1099511627776});  // 2^40
        see("locality_window", locality_window, Range{0, 1024});
        see("locality_span", locality_span, kSpan);
        see("max_bypass", max_bypass, Range{0, 1 << 16});
        see("keep_unknown", keep_unknown, kSpan);
        see("tool_samples", tool_samples, Range{1, 1000});
        see("next_step", next_step, kSpan);
        see("compute_ahead", compute_ahead);
        see("cost", cost);
        see("refit", refit);
    }
};

}  // namespace banyan
