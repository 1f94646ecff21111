// The policy, property by property.
#include <algorithm>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

TEST("a request that can never run is refused at submit") {
    SchedulerConfig config = pool(4, 8);
    FakeEngine engine(config);
    CHECK(engine.submit(test::request(1, {}), 1) == SubmitError::empty_prompt);
    CHECK(engine.submit(test::request(1, tokens_of(1, 32)), 1) == SubmitError::prompt_too_long);
    CHECK(engine.submit(test::request(1, tokens_of(1, 31)), 1) == SubmitError::none);
    CHECK(engine.submit(test::request(1, tokens_of(1, 3)), 1) == SubmitError::duplicate_id);
    CHECK(engine.drain(10));
    config.max_context = 16;
    FakeEngine shorter(config);
    CHECK(shorter.submit(test::request(1, tokens_of(1, 16)), 1) == SubmitError::prompt_too_long);
    CHECK(shorter.submit(test::request(1, tokens_of(1, 15)), 1) == SubmitError::none);
    CHECK(shorter.scheduler.state(1) == FinishState::waiting);
    CHECK(shorter.scheduler.state(2) == FinishState::unknown);
    CHECK(shorter.scheduler.usage(2) == nullptr);
}

TEST("prefill in chunks, then one decode a step; the usage is exact") {
    FakeEngine engine(pool(64));
    engine.submit(test::request(1, tokens_of(1, 1000)), 5);
    size_t steps = 0;
    while (!engine.scheduler.idle()) steps += engine.step();
    CHECK_EQ(steps, 2u + 4u);
    const RequestUsage & usage = engine.finished[1].usage;
    CHECK_EQ(usage.prompt_tokens, 1000);
    CHECK_EQ(usage.cached_tokens, 0);
    CHECK_EQ(usage.computed_tokens, 1004);
    CHECK_EQ(usage.output_tokens, 5);
    CHECK_EQ(usage.submitted, 1000);
    CHECK_EQ(usage.admitted, 1000);
    CHECK_EQ(usage.first_token, 2000);
    CHECK_EQ(usage.last_token, 6000);
    CHECK(usage.miss.reason == MissExplanation::Reason::cold);
}

TEST("output ends at max_output and at max_context") {
    SchedulerConfig config = pool(64);
    config.max_context = 50;
    FakeEngine engine(config);
    engine.submit(test::request(1, tokens_of(1, 40), 3), 1000);
    engine.submit(test::request(2, tokens_of(2, 40)), 1000);
    CHECK(engine.drain(20));
    CHECK_EQ(engine.finished[1].usage.output_tokens, 3);
    CHECK_EQ(engine.finished[2].usage.output_tokens, 10);
}

TEST("decodes come first, prefill takes what is left of the budget") {
    SchedulerConfig config = pool(256);
    config.max_batch_tokens = 100;
    FakeEngine engine(config);
    for (RequestId id = 1; id <= 3; ++id) engine.submit(test::request(id, tokens_of(id, 10)), 100);
    engine.step();
    engine.submit(test::request(9, tokens_of(9, 250)), 10);
    for (int32_t expected : {97, 97, 56}) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        CHECK_EQ(batch.rows.size(), 4u);
        for (int i = 0; i < 3; ++i) CHECK_EQ(batch.rows[i].n_tokens, 1);
        CHECK_EQ(batch.rows[3].request, 9u);
        CHECK_EQ(batch.rows[3].n_tokens, expected);
        engine.commit(batch);
    }
}

TEST("more decodes than budget take turns, and prefill still gets its share") {
    SchedulerConfig config = pool(256);
    config.max_batch_tokens = 8;
    config.max_running = 24;
    FakeEngine engine(config);
    for (RequestId id = 1; id <= 20; ++id) engine.submit(test::request(id, tokens_of(id, 2)), 40);
    for (int i = 0; i < 30; ++i) engine.step();
    engine.submit(test::request(21, tokens_of(21, 20)), 1);
    std::map<RequestId, int> turns;
    for (int i = 0; i < 10; ++i) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        CHECK_EQ(batch.n_tokens, 8);
        for (const BatchRow & row : batch.rows) turns[row.request] += row.n_tokens;
        engine.commit(batch);
    }
    CHECK_EQ(turns[21], 20);
    for (RequestId id = 1; id <= 20; ++id)
        CHECK(turns[id] >= 2 && turns[id] <= 4);  // (10 * 8 - 20) / 20, give or take one
}

TEST("equal requests start in the order of arrival") {
    FakeEngine engine(pool(64, 32, 1));
    for (RequestId id : {5, 3, 9, 1}) engine.submit(request(id, 10, Class::workflow), 3);
    for (RequestId id : {5, 3, 9, 1}) CHECK(step_until_runs(engine, id, id == 5 ? 1 : 3));
}

TEST("an interactive request takes the slot of a background one, which goes on later from its cached tokens") {
    FakeEngine engine(pool(64, 32, 1));
    engine.submit(request(1, 200, Class::background), 50);
    for (int i = 0; i < 10; ++i) engine.step();
    engine.submit(request(2, 100, Class::interactive), 5);
    CHECK(step_until_runs(engine, 2, 1));
    CHECK(engine.scheduler.state(1) == FinishState::waiting);
    CHECK(engine.drain(100));
    CHECK_EQ(engine.finished[1].usage.preemptions, 1);
    CHECK_EQ(engine.finished[1].usage.output_tokens, 50);
    CHECK_EQ(engine.scheduler.stats().recomputed_tokens, 0u);
    CHECK_EQ(engine.finished[1].usage.computed_tokens, 249);
}

TEST("no request is preempted for one of its own class or a worse one") {
    FakeEngine engine(pool(64, 32, 2));
    engine.submit(request(1, 50, Class::workflow), 60);
    engine.submit(request(2, 50, Class::interactive), 60);
    engine.step();
    engine.submit(request(3, 50, Class::workflow), 5);
    engine.submit(request(4, 50, Class::background), 5);
    CHECK(engine.drain(200));
    CHECK_EQ(engine.scheduler.stats().preemptions, 0u);
}

TEST("background work advances under endless interactive load") {
    FakeEngine engine(pool(64, 32, 1));
    engine.submit(request(1, 20, Class::background), 3);
    RequestId id = 2;
    for (int i = 0; i < 3; ++i) engine.submit(request(id++, 20, Class::interactive), 3);
    int steps = 0;
    while (engine.finished.count(1) == 0 && steps < 400) {
        engine.now += 1'000'000;
        engine.step();
        ++steps;
        while (engine.scheduler.stats().waiting < 3) engine.submit(request(id++, 20, Class::interactive), 3);
    }
    CHECK(steps >= 100);  // interactive work did go first
    CHECK(steps < 150);   // until background had waited two spans of 60 s
}

TEST("a program with many requests does not keep one with few waiting") {
    FakeEngine engine(pool(256, 32, 2));
    for (RequestId id = 1; id <= 100; ++id) engine.submit(request(id, 100, Class::workflow, 1), 10);
    for (int i = 0; i < 20; ++i) engine.step();
    for (RequestId id = 201; id <= 205; ++id) engine.submit(request(id, 100, Class::workflow, 2), 10);
    for (int i = 0; i < 80; ++i) engine.step();
    // Both backlogged on 2 slots: about every other request is of program 2.
    for (RequestId id = 201; id <= 205; ++id) CHECK(engine.finished.count(id) == 1);
    CHECK(engine.finished.size() <= 20u);
}

TEST("the last tenth of the pages is interactive's") {
    FakeEngine engine(pool(40, 8, 32));
    for (RequestId id = 1; id <= 30; ++id) engine.submit(request(id, 15, Class::workflow), 2);
    engine.scheduler.schedule(engine.now);
    CHECK_EQ(engine.scheduler.stats().running, 18);  // 2 pages each of 40 - 4
    FakeEngine interactive(pool(40, 8, 32));
    for (RequestId id = 1; id <= 30; ++id) interactive.submit(request(id, 15, Class::interactive), 2);
    interactive.scheduler.schedule(interactive.now);
    CHECK_EQ(interactive.scheduler.stats().running, 20);
}

TEST("who waits for a prefill lends it its rank") {
    SchedulerConfig config = pool(512);
    config.max_batch_tokens = 100;
    FakeEngine engine(config);
    engine.submit(request(1, tokens_of(0, 1000), Class::background), 3);
    engine.step();
    engine.submit(request(2, 1000, Class::workflow), 3);
    engine.step();
    engine.submit(request(3, tokens_of(0, 1000), Class::interactive), 3);
    const Batch & batch = engine.scheduler.schedule(engine.now);
    CHECK(row_of(batch, 1) != nullptr);
    CHECK(row_of(batch, 3) == nullptr);
    engine.commit(batch);
    CHECK(engine.drain(100));
    CHECK_EQ(engine.scheduler.stats().prefill_tokens, 2001u);
}

TEST("tenants and uncached requests share nothing") {
    FakeEngine engine(pool(256));
    Request r = test::request(1, tokens_of(0, 300));
    engine.submit(r, 1);
    CHECK(engine.drain(10));
    r.id = 2;
    r.salt = 5;
    engine.submit(r, 1);
    CHECK(engine.drain(10));
    r.id = 3;
    r.salt = 0;
    r.cache = false;
    engine.submit(r, 1);
    CHECK(engine.drain(10));
    for (RequestId id = 1; id <= 3; ++id) CHECK_EQ(engine.finished[id].usage.cached_tokens, 0);
    CHECK(engine.finished[3].usage.miss.reason == MissExplanation::Reason::reuse_off);
    CHECK_EQ(engine.scheduler.stats().pages_cached, 20);
}

TEST("without prefix reuse nothing is matched, kept or copied, and a preempted request starts over") {
    SchedulerConfig config = pool(12, 8, 4);
    config.prefix_reuse = false;
    FakeEngine engine(config);
    for (RequestId id = 1; id <= 4; ++id) engine.submit(test::request(id, tokens_of(0, 20)), 40);
    std::map<RequestId, int> firsts;
    while (!engine.scheduler.idle()) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        CHECK(batch.copies.empty());
        for (const BatchRow & row : batch.rows) {
            CHECK_EQ(row.first, row.n_past == 0);
            firsts[row.request] += row.first;
        }
        engine.commit(batch);
    }
    CHECK(engine.scheduler.stats().preemptions > 0);
    for (RequestId id = 1; id <= 4; ++id) CHECK_EQ(firsts[id], 1 + engine.finished[id].usage.preemptions);
    CHECK_EQ(engine.scheduler.stats().pages_free, 12);
    CHECK(engine.scheduler.explain(0, tokens_of(0, 20)).reason == MissExplanation::Reason::reuse_off);
}

TEST("without batching one request runs at a time") {
    SchedulerConfig config = pool(64);
    config.batching = false;
    FakeEngine engine(config);
    for (RequestId id = 1; id <= 5; ++id) engine.submit(test::request(id, tokens_of(id, 20)), 5);
    while (!engine.scheduler.idle()) CHECK_EQ(engine.step(), 1u);
    CHECK_EQ(engine.scheduler.stats().steps, 25u);
}

TEST("prompts whose tokens are scored: few tokens a step, all of them computed, and others go on beside them") {
    FakeEngine engine(pool(256));
    engine.submit(test::request(9, tokens_of(1, 100)), 1);
    CHECK(engine.drain(20));
    for (RequestId id = 1; id <= 3; ++id) {
        Request scored = test::request(id, tokens_of(1, 100));
        scored.scored = true;
        engine.submit(std::move(scored), 2);
    }
    engine.submit(test::request(4, tokens_of(4, 200)), 1);
    int32_t n_scored = 0;
    bool other = false;
    while (!engine.scheduler.idle()) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        int32_t in_step = 0;
        for (const BatchRow & row : batch.rows) {
            CHECK_EQ(row.scored, row.request <= 3 && row.n_past < 99);
            if (row.scored && !(row.n_tokens == 1 && row.sample)) in_step += row.n_tokens;
            n_scored += row.scored ? row.n_tokens : 0;
            other = other || (row.request == 4 && in_step > 0);
        }
        CHECK(in_step <= kMostScored);
        engine.commit(batch);
        CHECK_EQ(engine.scheduler.check_integrity(), "");
    }
    CHECK(other);
    CHECK(n_scored >= 3 * 99 && n_scored <= 3 * 100);
    for (RequestId id = 1; id <= 3; ++id) CHECK_EQ(engine.finished[id].usage.cached_tokens, 0);
    CHECK_EQ(engine.finished[4].usage.output_tokens, 1);
}
