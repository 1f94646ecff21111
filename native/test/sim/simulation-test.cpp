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

/** Agents with prompts of their own, whose tools take longer than all others' turns. */
Workload idle_agents(int32_t agents, int32_t turns) {
    Workload workload;
    for (int32_t agent = 0; agent < agents; ++agent) {
        workload.programs.push_back({});
        workload.programs.back().arrival = agent * 20'000;
        for (int32_t turn = 0; turn < turns; ++turn) {
            const CallIndex at = static_cast<CallIndex>(workload.calls.size());
            Call call;
            call.program = agent;
            call.append = {{1 + at, turn == 0 ? 400 : 80}};
            call.output = 10;
            if (turn > 0) {
                call.after = {at - 1};
                call.base = at - 1;
                call.tool = "tool";
                call.delay = 2'000'000;
            }
            workload.calls.push_back(call);
        }
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

TEST("idle agents beyond memory: with a disk nothing is computed twice, and every page holds its own past") {
    const Workload workload = idle_agents(24, 6);
    SimConfig config = small(0);
    config.scheduler.n_pages = 400;  // they hold about twice that
    config.scheduler.max_running = 4;
    config.scheduler.policy.cost = {1'000'000'000, 20'000'000, 0, 0, 0, 0};
    config.check_every = 16;
    config.log = LogLevel::none;
    const SimResult without = simulate(workload, config);
    config.disk = {1 << 20, 200, 100, 0, 0};
    const SimResult with = simulate(workload, config);
    config.disk = {1 << 20, 200, 100, 50'000, 400'000};
    const SimResult stalling = simulate(workload, config);
    config.disk.pages = 100;  // of a disk that is too small as well
    const SimResult small_disk = simulate(workload, config);
    for (const SimResult * result : {&without, &with, &stalling, &small_disk}) {
        CHECK_EQ(result->violations.size(), 0u);
        for (const std::string & wrong : result->violations) CHECK_EQ(wrong, "");
        for (const CallReport & call : result->calls) CHECK(call.state == CallState::finished);
    }
    // Prompt tokens computed, of those that no cache could have spared.
    const double needed = 24 * (400 + 5 * 81.0);  // of an answer the last token only
    CHECK(without.stats.prefill_tokens > 1.5 * needed);
    CHECK(with.stats.prefill_tokens < 1.1 * needed);
    CHECK(with.stats.pages_loaded > 0);
    CHECK(simulate(workload, config).stats.prefill_tokens == small_disk.stats.prefill_tokens);
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
