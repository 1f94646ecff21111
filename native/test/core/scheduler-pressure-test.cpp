// What the scheduler does when things go wrong: no pages, cancelled requests, failed steps, pins everywhere.
#include <algorithm>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

TEST("a big request is not overtaken for ever by small ones") {
    FakeEngine engine(pool(16, 8));
    RequestId id = 2;
    for (int i = 0; i < 4; ++i) engine.submit(request(id++, 20, Class::workflow), 10);
    engine.step();
    engine.submit(request(1, 110, Class::workflow), 5);
    int steps = 0;
    while (engine.finished.count(1) == 0 && steps < 100) {
        engine.step();
        ++steps;
        engine.submit(request(id++, 20, Class::workflow), 10);
    }
    CHECK(steps < 40);
}

TEST("a cancelled request is gone within the step, whatever it was doing") {
    for (const char * phase : {"waiting", "prefilling", "decoding", "computed now"}) {
        FakeEngine engine(pool(64, 32, *phase == 'w' ? 1 : 2));
        if (*phase == 'w') engine.submit(test::request(2, tokens_of(2, 900)), 9);
        engine.submit(test::request(1, tokens_of(1, 900)), 9);
        engine.step();
        if (*phase == 'd') engine.step();
        if (*phase == 'c') {
            const Batch & batch = engine.scheduler.schedule(engine.now);
            engine.cancel(1);
            CHECK(engine.scheduler.state(1) == FinishState::cancelled);
            CHECK(!engine.scheduler.cancel(1, engine.now));
            CHECK_EQ(batch.rows.size(), 1u);
            engine.commit(batch);
        } else {
            engine.cancel(1);
        }
        CHECK(engine.scheduler.state(1) == FinishState::cancelled);
        CHECK(engine.scheduler.usage(1) != nullptr);
        CHECK_EQ(engine.scheduler.check_integrity(), "");
        const SchedulerStats stats = engine.scheduler.stats();
        CHECK_EQ(stats.cancelled, 1u);
        CHECK_EQ(stats.running, *phase == 'w' ? 1 : 0);
        if (*phase != 'w') CHECK_EQ(stats.pages_used, stats.pages_cached);  // what was shared stays, as cache
        engine.scheduler.schedule(engine.now);
        CHECK(engine.scheduler.usage(1) == nullptr);
        CHECK(!engine.scheduler.cancel(1, engine.now));
    }
}

TEST("a failed step leaves no trace") {
    FakeEngine engine(pool(64)), calm(pool(64));
    for (FakeEngine * e : {&engine, &calm}) {
        e->submit(test::request(1, tokens_of(1, 700)), 9);
        CHECK(e->drain(100));
        for (RequestId id = 2; id <= 5; ++id) {
            std::vector<Token> prompt = e->finished[1].tokens;
            prompt.push_back(static_cast<Token>(id));
            e->submit(test::request(id, prompt), 9);
        }
    }
    while (!engine.scheduler.idle()) {
        for (int i = 0; i < 3; ++i) {
            const SchedulerStats before = engine.scheduler.stats();
            engine.step(/*fail=*/true);
            CHECK_EQ(engine.scheduler.check_integrity(), "");
            CHECK_EQ(engine.scheduler.stats().steps, before.steps);
            CHECK_EQ(engine.scheduler.stats().prefill_tokens, before.prefill_tokens);
        }
        engine.step();
    }
    CHECK(calm.drain(100));
    CHECK_EQ(engine.scheduler.stats().pages_copied, calm.scheduler.stats().pages_copied);
    CHECK_EQ(engine.scheduler.stats().prefill_tokens, calm.scheduler.stats().prefill_tokens);
    for (RequestId id = 1; id <= 5; ++id) CHECK(engine.finished[id].tokens == calm.finished[id].tokens);
}

TEST("a pool far too small for all lets every request finish, and preempts none more than 3 times") {
    for (bool reuse : {true, false}) {
        SchedulerConfig config = pool(12, 8);
        config.prefix_reuse = reuse;
        FakeEngine engine(config);
        for (RequestId id = 1; id <= 20; ++id) engine.submit(request(id, 16, static_cast<Class>(id % 3)), 60);
        CHECK(engine.drain(20 * 4 * 76));
        CHECK(engine.scheduler.stats().preemptions > 0);
        for (RequestId id = 1; id <= 20; ++id) {
            CHECK_EQ(engine.finished[id].usage.output_tokens, 60);
            CHECK(engine.finished[id].usage.preemptions <= 3);
        }
    }
}

TEST("output is the same with and without pressure, cache and batching") {
    const auto outputs = [](SchedulerConfig config) {
        FakeEngine engine(config);
        for (RequestId id = 1; id <= 12; ++id) {
            std::vector<Token> prompt = tokens_of(0, 30);
            for (Token token : tokens_of(id, 10)) prompt.push_back(token);
            engine.submit(test::request(id, prompt), 25);
        }
        CHECK(engine.drain(12 * 4 * 70));
        std::map<RequestId, std::vector<Token>> out;
        for (const auto & [id, done] : engine.finished) out[id] = done.tokens;
        return out;
    };
    const auto calm = outputs(pool(256));
    SchedulerConfig config = pool(18, 4);
    CHECK(outputs(config) == calm);
    config.prefix_reuse = false;
    CHECK(outputs(config) == calm);
    config.batching = false;
    CHECK(outputs(config) == calm);
}

TEST("a pool full of pins hangs no request") {
    FakeEngine engine(pool(16, 8));
    for (RequestId id = 1; id <= 4; ++id) {
        engine.submit(test::request(id, tokens_of(id, 24)), 1);
        CHECK(engine.drain(10));
        uint64_t pin = 0;
        CHECK_EQ(engine.scheduler.pin(0, tokens_of(id, 24), 1'000'000'000'000, &pin), 24);
    }
    CHECK_EQ(engine.scheduler.stats().pages_pinned, 12);
    engine.submit(test::request(9, tokens_of(9, 40)), 80);
    CHECK(engine.drain(200));
    CHECK_EQ(engine.finished[9].usage.output_tokens, 80);
    CHECK(engine.scheduler.stats().pages_pinned < 12);
}

TEST("pins hold under pressure that can be met otherwise") {
    FakeEngine engine(pool(16, 8));
    engine.submit(test::request(1, tokens_of(1, 24)), 1);
    CHECK(engine.drain(10));
    uint64_t pin = 0;
    engine.scheduler.pin(0, tokens_of(1, 24), 1'000'000'000'000, &pin);
    for (RequestId id = 2; id <= 20; ++id) engine.submit(test::request(id, tokens_of(id, 40)), 30);
    CHECK(engine.drain(19 * 4 * 70));
    CHECK(engine.scheduler.stats().preemptions > 0);
    CHECK_EQ(engine.scheduler.explain(0, tokens_of(1, 24)).matched, 24);
    CHECK(engine.scheduler.unpin(pin));
    CHECK(engine.scheduler.clear_cache() > 0);
    CHECK_EQ(engine.scheduler.stats().pages_free, 16);
}

TEST("a producer that is cancelled or preempted hands over to a waiting sibling") {
    for (bool cancel : {true, false}) {
        FakeEngine engine(pool(128, 32, cancel ? 8 : 1));
        for (RequestId id = 1; id <= 4; ++id) engine.submit(request(id, tokens_of(0, 1200), Class::background), 3);
        engine.step();
        CHECK_EQ(engine.scheduler.stats().running, 1);
        if (cancel) {
            engine.cancel(1);
        } else {
            engine.submit(request(9, 10, Class::interactive), 3);
        }
        CHECK(engine.drain(100));
        CHECK_EQ(engine.finished.size(), cancel ? 3u : 5u);
        // What the producer had computed until then is not computed again.
        CHECK_EQ(engine.scheduler.stats().prefill_tokens, cancel ? 1200u + 2 : 1200u + 3 + 10);
    }
}

TEST("the first row of a slot stays the first until a step succeeds") {
    FakeEngine engine(pool(16));
    engine.submit(test::request(1, tokens_of(1, 20)), 5);
    for (bool fail : {true, true, false}) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        CHECK(batch.rows[0].first);
        engine.commit(batch, fail);
    }
    CHECK(!engine.scheduler.schedule(engine.now).rows[0].first);
}

TEST("a sampled row without a result ends its request, results for strangers are ignored") {
    FakeEngine engine(pool(16));
    engine.submit(test::request(1, tokens_of(1, 20)), 5);
    engine.scheduler.schedule(engine.now);
    StepResult result;
    result.rows.push_back({77, 3, true, false});
    engine.scheduler.commit(result, engine.now);
    CHECK(engine.scheduler.state(1) == FinishState::finished);
    engine.scheduler.commit(result, engine.now);  // nothing is under way
    CHECK(engine.scheduler.schedule(engine.now).empty());
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}
