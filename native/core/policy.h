// Every number of the scheduling policy, with its default. Baselines and ablations are configurations of the same code.
//
// Shares are in thousandths, times in microseconds: the policy computes in integers only.
#pragma once

#include <array>
#include <cstdint>

#include "core/cost-model.h"
#include "core/types.h"

namespace banyan {

/** When calls may join what runs. */
enum class Batching : uint8_t {
    continuous,  // at any step
    dynamic,     // in groups: the next starts when the one before has ended, full or after max_wait
    fixed        // "static": the same, and waits for a full group (at most fixed_wait: nobody hangs)
};

enum class Order : uint8_t {
    program_aware,
    fcfs  // the baseline: arrival only; no classes, windows, watermarks, budgets, bypassing or waiting for company
};

enum class Eviction : uint8_t { typed, lru };

struct PolicyConfig {
    Batching batching = Batching::continuous;
    int32_t group_size = 0;         // of dynamic and fixed batching; 0 = max_running
    Micros max_wait = 50'000;       // of dynamic batching
    Micros fixed_wait = 1'000'000;  // of fixed batching
    Order order = Order::program_aware;
    Eviction eviction = Eviction::typed;

    // by class: interactive, workflow, background
    std::array<Micros, kClasses> coalesce{10'000, 50'000, 500'000};     // W: a call is due after this wait
    std::array<Micros, kClasses> age{0, 10'000'000, 60'000'000};        // a wait this long lifts by a class; 0: never
    std::array<Micros, kClasses> step_target{50'000, 100'000, kNever};  // TBT: time between tokens while decoding
    // A step with prompts takes no longer than this, whoever runs: what is cancelled, or comes, waits for its end.
    Micros longest_step = 250'000;

    // prefill budget of a step
    int32_t tile = 64;         // tokens it is a multiple of
    int32_t min_prefill = 64;  // TAU_MIN; at most a quarter of max_batch_tokens
    int32_t cold_share = 250;  // of the budget that prefills of mostly uncached prompts keep when due
    // An interactive call waits for the step under way: for this long after one came, prompts of worse classes get
    // steps of at most so many times what an empty one takes, or coalesce[0]. More: less overhead, longer waits.
    Micros alert = 10'000'000;
    int32_t alert_steps = 4;

    // admission
    int32_t high = 950, low = 850;  // HI, LO: watermarks of demand, of all pages
    Micros tick = 250'000;          // between two looks at the window and the watermarks
    int32_t window_start = 16;      // active programs (workflow and background) that may be
    int32_t window_add = 2;
    int32_t window_keep = 500;  // what a decrease leaves of the window
    // U: below, the window grows; above, with few hits, it shrinks. Use is what programs hold now, and they will hold
    // several times that when they are done: far below the design's 700 for the lower one (measured, bench/sim).
    int32_t use_low = 250, use_high = 900;
    int32_t hit_low = 500;             // Hmin
    Micros return_within = 5'000'000;  // an acting program weighs its pages times P(its tool is back by then)

    // order
    std::array<int64_t, 3> level_edges{4'000, 16'000, 64'000};  // EDGE: service (tokens) at which a level ends
    int32_t starving = 3'000;        // BETA: wait / service from which a program is lifted to level 0
    Micros overdue = 600'000'000;    // a wait after which a call goes first in its effective class, gate or reserve
    int64_t quantum = 4'096;         // DLPM: tokens of a tenant's turn; 0: tenants are not told apart
    int32_t locality_window = 32;    // WIN: equal calls reordered by prefix; 0: none
    Micros locality_span = 100'000;  // that arrived within this time
    int32_t max_bypass = 8;          // BYPASS: smaller calls that pass one without room

    // retention
    Micros keep_unknown = 10'000'000;  // TTL of the pages of a program that waits for an unknown tool
    int32_t tool_samples = 100;        // K: durations kept a tool
    Micros next_step = 60'000'000;     // a "next prefix known" hint is believed this long
    bool compute_ahead = true;         // and what it tells is computed while nobody is there

    // cost
    CostConstants cost;  // all 0: not calibrated, nothing is limited by time
    bool refit = false;  // fit the constants to the time between schedule() and commit()
};

}  // namespace banyan
