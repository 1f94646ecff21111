// Known next prompts are computed while no request is live, at no request's cost (invariant 24).
#include "core/steps/ahead-queue.h"

#include <algorithm>
#include <random>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

Request turn_of(RequestId id, const std::vector<Token> & prompt, ProgramId program, Class cls = Class::workflow) {
    Request r = request(id, prompt, cls);
    r.program = program;
    return r;
}

Hint next_begins(const std::vector<Token> & tokens, int32_t steps = 1) {
    Hint h;
    h.kind = Hint::Kind::next_prefix;
    h.tokens = tokens;
    h.steps = steps;
    return h;
}

std::vector<Token> joined(std::vector<Token> tokens, const std::vector<Token> & more) {
    tokens.insert(tokens.end(), more.begin(), more.end());
    return tokens;
}

int32_t cached(const FakeEngine & engine, const std::vector<Token> & tokens) {
    return engine.scheduler.explain(0, tokens).matched;
}

/** 1 ms a step, and so much a prompt token. */
SchedulerConfig calibrated(int32_t n_pages, Micros token, Micros step = 1000) {
    SchedulerConfig config = pool(n_pages, 8, 4);
    config.policy.cost.step = step * 1'000'000;
    config.policy.cost.prefill = token * 1'000'000;
    return config;
}

const BatchRow * ahead_row(const Batch & batch) {
    return !batch.empty() && batch.rows.front().ahead != 0 ? &batch.rows.front() : nullptr;
}

}  // namespace

TEST("a call whose beginning was known prefills only what could not be known") {
    for (bool ahead : {true, false}) {
        SchedulerConfig config = calibrated(200, 100);
        config.policy.compute_ahead = ahead;
        FakeEngine engine(config);
        engine.submit(turn_of(1, tokens_of(1, 100), 5), 6);
        CHECK(engine.drain(50));
        const std::vector<Token> known = joined(engine.finished[1].tokens, tokens_of(2, 400));
        CHECK(engine.hint(5, next_begins(known)) == HintError::none);
        CHECK_EQ(engine.scheduler.idle(), !ahead);
        const uint64_t steps = engine.scheduler.stats().steps;
        CHECK(engine.drain(50));
        CHECK_EQ(engine.scheduler.stats().steps > steps, ahead);
        engine.submit(turn_of(2, joined(known, tokens_of(3, 7)), 5), 3);
        CHECK(engine.drain(50));
        CHECK_EQ(engine.finished[2].usage.prompt_tokens - engine.finished[2].usage.cached_tokens, ahead ? 7 : 408);
        CHECK_EQ(engine.scheduler.program(5)->computed_tokens, 105 + 401 + 9);
    }
}

TEST("it costs no request anything: alone, short, on pages that no call goes on from (invariant 24)") {
    uint64_t computed = 0, arrived_meanwhile = 0, evicted = 0;
    for (uint64_t seed = 1; seed <= 60; ++seed) {
        std::mt19937_64 rng(seed);
        const auto pick = [&](int32_t n) { return static_cast<int32_t>(rng() % n); };
        SchedulerConfig config = calibrated(30 + pick(120), 50 + pick(300), pick(2) ? 1000 : 8000);
        FakeEngine engine(config);
        const Micros longest =
            std::max(config.policy.coalesce[Class::interactive], 2 * CostModel(config.policy.cost).step(StepShape{}));
        std::map<ProgramId, std::vector<Token>> contexts;
        std::map<RequestId, ProgramId> owner;
        RequestId id = 1;
        for (int i = 0; i < 250; ++i) {
            const ProgramId p = 1 + pick(8);
            std::vector<Token> & context = contexts[p];
            if (pick(5) == 0 && context.size() < 160) {
                owner[id] = p;
                engine.submit(turn_of(id++, joined(context, tokens_of(rng(), 1 + pick(60))), p, Class(pick(3))),
                              1 + pick(4));
            }
            if (pick(3) == 0 && context.size() < 160) {
                engine.hint(p, next_begins(joined(context, tokens_of(rng(), 1 + pick(80))), 1 + pick(3)));
            }
            if (pick(12) == 0) engine.scheduler.hint(p, Hint{}, engine.now);  // it has finished
            if (pick(30) == 0) engine.now += 15'000'000;                      // TTLs end
            const bool anybody = !engine.truths.empty();
            std::map<ProgramId, int32_t> before;
            for (const auto & [q, tokens] : contexts) before[q] = cached(engine, tokens);
            const uint64_t preemptions = engine.scheduler.stats().preemptions;
            const Batch & batch = engine.scheduler.schedule(engine.now);
            if (const BatchRow * row = ahead_row(batch)) {
                CHECK(!anybody && batch.rows.size() == 1 && row->request == 0 && !row->sample);
                CHECK(engine.duration(batch) <= longest);
                CHECK_EQ(engine.scheduler.stats().preemptions, preemptions);
                for (const auto & [q, tokens] : contexts) {
                    const auto report = engine.scheduler.program(q);
                    if (report && report->active) CHECK_EQ(cached(engine, tokens), before[q]);
                    evicted += cached(engine, tokens) < before[q];
                }
                ++computed;
                if (pick(4) == 0) {  // a request comes while it is computed
                    const RequestId late = id++;
                    owner[late] = 9;
                    engine.submit(turn_of(late, tokens_of(rng(), 1 + pick(100)), 9, Class(pick(3))), 2);
                    engine.commit(batch, /*fail=*/pick(4) == 0);
                    const Batch & next = engine.scheduler.schedule(engine.now);
                    CHECK(row_of(next, late));
                    engine.commit(next);
                    ++arrived_meanwhile;
                    continue;
                }
            }
            if (!batch.empty()) engine.commit(batch, /*fail=*/pick(10) == 0);
            if (batch.empty() && engine.scheduler.wake_at() < kNever) engine.now = engine.scheduler.wake_at();
            for (const auto & [done, end] : engine.finished) {
                if (owner.count(done)) contexts[owner[done]] = end.tokens;
                owner.erase(done);
            }
            CHECK_EQ(engine.scheduler.check_integrity(), "");
        }
        CHECK(engine.drain(20'000));
    }
    CHECK(computed > 500);
    CHECK(arrived_meanwhile > 100);
    CHECK(evicted > 0);  // of programs that had ended, or whose TTL was over
}

TEST("what waits for its tool is not evicted for a prompt that is only known") {
    FakeEngine engine(calibrated(40, 10));
    for (ProgramId p = 1; p <= 3; ++p) {
        engine.submit(turn_of(p, tokens_of(p, 90), p), 2);
        CHECK(engine.drain(50));
    }
    CHECK(engine.hint(1, next_begins(joined(engine.finished[1].tokens, tokens_of(9, 100)))) == HintError::none);
    CHECK(engine.drain(50));
    CHECK_EQ(engine.scheduler.stats().pages_evicted, 0u);
    for (RequestId id = 1; id <= 3; ++id) CHECK_EQ(cached(engine, tokens_of(id, 90)), 90);
    engine.scheduler.hint(3, Hint{}, engine.now);  // that one has finished: its pages may go
    CHECK(engine.hint(1, next_begins(joined(engine.finished[1].tokens, tokens_of(9, 100)))) == HintError::none);
    CHECK(engine.drain(50));
    CHECK_EQ(cached(engine, joined(engine.finished[1].tokens, tokens_of(9, 100))), 192);
    CHECK_EQ(cached(engine, tokens_of(2, 90)), 90);
}

TEST("a known prompt is forgotten when its call starts, its program ends, its time is over or its step failed") {
    for (int how = 0; how < 4; ++how) {
        FakeEngine engine(calibrated(200, 1000));  // 9 tokens a step
        engine.submit(turn_of(1, tokens_of(1, 50), 5), 2);
        CHECK(engine.drain(100));
        CHECK(engine.hint(5, next_begins(tokens_of(2, 500))) == HintError::none);
        engine.step();
        const int32_t begun = cached(engine, tokens_of(2, 500));
        CHECK_EQ(begun, 9);
        if (how == 0) engine.submit(turn_of(2, tokens_of(3, 20), 5), 1);
        if (how == 1) engine.scheduler.hint(5, Hint{}, engine.now);
        if (how == 2) engine.now += 61'000'000;
        if (how == 3) engine.step(/*fail=*/true);
        CHECK(engine.drain(100));
        CHECK_EQ(cached(engine, tokens_of(2, 500)), begun);
        CHECK_EQ(engine.scheduler.check_integrity(), "");
    }
}

TEST("a model of the costs that allows no token of it does not give the prompt up") {
    FakeEngine engine(calibrated(200, 20'000));  // one token takes twice what an interactive call waits anyway
    engine.submit(turn_of(1, tokens_of(1, 50), 5), 2);
    CHECK(engine.drain(100));
    CHECK(engine.hint(5, next_begins(tokens_of(2, 20))) == HintError::none);
    for (int32_t n = 1; n <= 20; ++n) {
        engine.step();
        CHECK_EQ(cached(engine, tokens_of(2, 20)), n);
    }
    CHECK(engine.scheduler.idle());
}

TEST("the prompt that is wanted first is computed first; a program has one, and all have a bound") {
    AheadQueue queue;
    for (ProgramId p = 1; p <= 100; ++p) queue.add({p, 0, {1}, static_cast<int32_t>(p % 2) + 1, p});
    CHECK_EQ(queue.size(), AheadQueue::kMost);
    queue.add({4, 0, {2}, 3, 200});
    queue.drop(2);
    CHECK_EQ(queue.size(), AheadQueue::kMost - 1);
    std::vector<ProgramId> order;
    while (!queue.empty()) order.push_back(queue.pop().program);
    CHECK_EQ(order[0], 6u);
    CHECK_EQ(order[1], 8u);
    CHECK_EQ(order.back(), 4u);
    CHECK(std::count(order.begin(), order.end(), 4) == 1);
}
