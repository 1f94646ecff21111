// The simulator against what can be said without it: closed forms, joins, determinism.
#include "sim/simulation.h"

#include "check.h"

namespace banyan::sim {

namespace {

SimConfig small(int32_t n_pages) {
    SimConfig config;
    config.scheduler.n_pages = n_pages;
    config.scheduler.page_tokens = 16;
    config.scheduler.max_batch_tokens = 128;
    config.device = {100'000, 1'000'000, 20'000, 100, 10'000, 1'000};
    config.check_every = 1;
    config.check_cells = true;
    config.log = LogLevel::rows;
    return config;
}

/** A loop of one agent: 200 tokens, then 50 more each time, answers of 10, tools of a second. */
Workload agent_loop(int32_t turns) {
    Workload workload;
    workload.programs.push_back({});
    for (int32_t turn = 0; turn < turns; ++turn) {
        Call call;
        call.append = {{turn + 1, turn == 0 ? 200 : 50}};
        call.output = 10;
        if (turn > 0) {
            call.after = {turn - 1};
            call.base = turn - 1;
            call.tool = "tool";
            call.delay = 1'000'000;
        }
        workload.calls.push_back(call);
    }
    return workload;
}

SimResult simulate(const Workload & workload, const SimConfig & config) {
    CHECK(!check(workload));
    const std::atomic<bool> aborted{false};
    return Simulation(workload, config).run(aborted);
}

}  // namespace

TEST("one agent prefills each token once") {
    const SimResult result = simulate(agent_loop(5), small(64));
    CHECK_EQ(result.violations.size(), 0u);
    // All prompts are prefixes of the next: 200 + 4 * 50 new tokens, and of each answer the last token, never computed.
    CHECK_EQ(result.stats.prefill_tokens, 200u + 4 * 50 + 4);
    CHECK_EQ(result.calls[4].prompt_tokens, 200 + 4 * 60);
    CHECK_EQ(result.calls[4].cached_tokens, 200 + 3 * 60 + 9);
    CHECK(result.calls[4].due - result.calls[3].ended == 1'000'000);
}

TEST("same input same log") {
    const SimResult a = simulate(agent_loop(4), small(20)), b = simulate(agent_loop(4), small(20));
    CHECK(!a.log.empty());
    CHECK(a.log == b.log);
    CHECK(a.log != simulate(agent_loop(4), small(24)).log || a.stats.pages_evicted == 0);
}

TEST("a join that has enough cancels the rest") {
    Workload workload;
    workload.programs.push_back({});
    for (int32_t i = 0; i < 4; ++i) {
        Call call;
        call.append = {{1, 100}};
        call.output = i == 0 ? 5 : 400;
        workload.calls.push_back(call);
    }
    Call join;
    join.after = {0, 1, 2, 3};
    join.need = 1;
    join.base = 0;
    join.append = {{2, 10}};
    workload.calls.push_back(join);
    const SimResult result = simulate(workload, small(256));
    CHECK_EQ(result.violations.size(), 0u);
    CHECK(result.calls[0].state == CallState::finished);
    for (int32_t i = 1; i < 4; ++i) CHECK(result.calls[i].state == CallState::cancelled);
    CHECK(result.calls[4].state == CallState::finished);
    CHECK(result.calls[1].output_tokens < 10);
}

TEST("a chain as long as the workload can be given up") {
    Workload workload = agent_loop(1);
    for (int32_t i = 1; i < 200'000; ++i) {
        Call call;
        call.after = {i - 1};
        call.append = {{1, 1}};
        workload.calls.push_back(call);
    }
    workload.programs[0].abort = 5;
    const SimResult result = simulate(workload, small(64));
    CHECK(result.calls.back().state == CallState::cancelled);
}

TEST("a prompt beyond the pool is rejected and what needs it cancelled") {
    Workload workload = agent_loop(2);
    workload.calls[0].append = {{1, 16 * 64 + 1}};
    const SimResult result = simulate(workload, small(64));
    CHECK(result.calls[0].state == CallState::rejected);
    CHECK(result.calls[1].state == CallState::cancelled);
}

TEST("faults of a workload are named") {
    Workload workload = agent_loop(2);
    workload.calls[1].base = 1;
    CHECK_EQ(check(workload)->field, "calls[1].base");
    workload.calls[1].base = 0;
    workload.calls[1].after = {1};
    CHECK_EQ(check(workload)->field, "calls[1].after");
    workload.calls[1].after = {0};
    workload.calls[1].append = {{1, 1 << 30}};
    CHECK_EQ(check(workload)->field, "calls[1].prompt");
}

}  // namespace banyan::sim
