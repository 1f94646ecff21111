// Commands that come while a step is computed: they are obeyed at once, and the step ends early only when all its
// requests have left. A probe on the engine thread says when that is, so nothing here depends on how long a step takes.
#include <functional>
#include <random>
#include <stdexcept>
#include <thread>

#include "test-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** Asks itself again, on the engine thread, until n requests run and no step is over: that is in the first step. */
struct Probe {
    Engine * engine;
    int n;
    std::function<void()> act;
    std::function<void(bool)> done;

    void operator()() const {
        engine->stats([probe = *this](const EngineStats & stats) {
            if (stats.scheduler.steps > 0) return probe.done(false);
            if (stats.scheduler.running < probe.n) return probe();
            probe.act();
            probe.done(true);
        });
    }
};

/** Submits the requests together and runs `act` in the midst of their first step; their ids. */
std::vector<RequestId> in_first_step(TestEngine & engine, const std::vector<RequestOptions> & requests,
                                     const std::function<void(const std::vector<RequestId> &)> & act) {
    std::vector<RequestId> ids;
    CHECK(engine.ask<bool>([&](auto done) {
        engine.engine->stats([&, done](const EngineStats &) {
            for (const RequestOptions & options : requests) ids.push_back(engine.engine->submit(options));
            Probe{engine.engine.get(), static_cast<int>(ids.size()), [&] { act(ids); }, done}();
        });
    }));
    return ids;
}

uint64_t steps(TestEngine & engine) {
    return engine.stats().scheduler.steps;
}

/** Costs that make every wait too long, on every machine. */
EngineOptions slow_in_theory() {
    EngineOptions options = small_engine();
    options.calibrate = false;
    options.policy.cost = {1'000'000'000'000, 1'000'000'000'000};
    options.policy.refit = false;
    return options;
}

}  // namespace

TEST("a step that all its requests have left ends at once, and what follows is computed right") {
    const std::vector<Token> expected = TestEngine().run(request(prompt(100, 2))).tokens;
    TestEngine engine;
    for (const std::vector<int> & seeds : {std::vector<int>{1}, std::vector<int>{1, 3}}) {
        std::vector<RequestOptions> requests;
        for (const int seed : seeds) requests.push_back(request(prompt(60, seed)));
        const auto cancel = [&](const std::vector<RequestId> & ids) {
            for (const RequestId id : ids) CHECK(engine.engine->cancel(id));
        };
        for (const RequestId id : in_first_step(engine, requests, cancel)) {
            const Outcome out = engine.wait(id);
            CHECK(out.reason == FinishReason::cancelled);
            CHECK_EQ(out.tokens.size(), 0u);
        }
        CHECK_EQ(steps(engine), 0u);
        CHECK_EQ(engine.integrity(), "");
    }
    CHECK(engine.run(request(prompt(100, 2))).tokens == expected);
    CHECK_EQ(engine.run(request(prompt(60, 1))).usage.cached_tokens, 0);
}

TEST("a cancelled request is answered in the midst of a step that goes on for another") {
    const std::vector<Token> expected = TestEngine().run(request(prompt(60, 2))).tokens;
    TestEngine engine;
    const std::vector<RequestId> ids =
        in_first_step(engine, {request(prompt(60, 1)), request(prompt(60, 2))},
                      [&](const std::vector<RequestId> & both) { engine.engine->cancel(both[0]); });
    const Outcome goes_on = engine.wait(ids[1]), cancelled = engine.wait(ids[0]);
    CHECK(cancelled.reason == FinishReason::cancelled);
    CHECK_EQ(cancelled.tokens.size(), 0u);
    CHECK(cancelled.last < goes_on.first);
    CHECK(goes_on.tokens == expected);
    CHECK_EQ(engine.integrity(), "");
}

TEST("a request that is cancelled in the midst of a step is told how long its program's pages are kept") {
    TestEngine engine;
    RequestOptions options = request(prompt(60, 1));
    options.program = 7;
    const std::vector<RequestId> ids =
        in_first_step(engine, {options}, [&](const std::vector<RequestId> & all) { engine.engine->cancel(all[0]); });
    const std::string told = engine.wait(ids[0]).usage.retained;
    CHECK(told.rfind("kept ", 0) == 0);
    // And so it is, when the step has ended.
    const auto report = engine.ask<std::optional<ProgramReport>>([&](auto done) { engine.engine->program(7, done); });
    CHECK_EQ(told, describe(report->retention));
}

TEST("a refused request is told in the midst of a step; one that is taken runs in the next") {
    const std::vector<Token> expected = TestEngine().run(request(prompt(30, 5))).tokens;
    TestEngine engine(slow_in_theory());
    RequestId refused = 0, taken = 0;
    const auto come = [&](const std::vector<RequestId> &) {
        RequestOptions hurried = request(prompt(30, 4));
        hurried.ttft_limit = 1000;
        refused = engine.engine->submit(hurried);
        taken = engine.engine->submit(request(prompt(30, 5)));
    };
    const std::vector<RequestId> ids = in_first_step(engine, {request(prompt(16, 1))}, come);
    const Outcome running = engine.wait(ids[0]);
    CHECK_EQ(engine.wait(refused).error, "BACKPRESSURE");
    CHECK(engine.wait(refused).last < running.first);
    CHECK_EQ(running.tokens.size(), 8u);
    CHECK(engine.wait(taken).tokens == expected);
    CHECK_EQ(engine.integrity(), "");
}

TEST("a command that fails in the midst of a step ends the live requests, and the engine takes new ones") {
    TestEngine engine;
    const auto break_it = [&](const std::vector<RequestId> &) {
        engine.engine->explain("", prompt(5), [](const MissExplanation &) { throw std::runtime_error("broken"); });
    };
    const std::vector<RequestOptions> both = {request(prompt(60, 1)), request(prompt(60, 2))};
    for (const RequestId id : in_first_step(engine, both, break_it)) CHECK_EQ(engine.wait(id).error, "INTERNAL");
    CHECK_EQ(engine.run(request(prompt(60, 1))).tokens.size(), 8u);
    CHECK_EQ(engine.integrity(), "");
}

TEST("close in the midst of a step ends all with an event") {
    TestEngine engine;
    const auto close = [&](const std::vector<RequestId> &) { engine.engine->close([] {}); };
    for (const RequestId id : in_first_step(engine, {request(prompt(60, 1)), request(prompt(60, 2))}, close)) {
        CHECK(engine.wait(id).reason == FinishReason::cancelled);
    }
}

TEST("commands of many threads at any moment: each request ends once, what went on is right") {
    const std::vector<Token> expected = TestEngine().run(request(prompt(90, 7))).tokens;
    TestEngine engine;
    std::vector<std::thread> callers;
    for (unsigned seed = 0; seed < 4; ++seed) {
        callers.emplace_back([&, seed] {
            std::mt19937 rng(seed);
            std::vector<RequestId> left;
            for (int i = 0; i < 40; ++i) {
                const RequestId id =
                    engine.engine->submit(request(prompt(20 + rng() % 300, rng() % 9), 1 + rng() % 20));
                if (rng() % 2) engine.engine->explain("", prompt(100, rng() % 9), [](const MissExplanation &) {});
                if (rng() % 4 == 0) engine.wait_tokens(id, rng() % 3);
                if (rng() % 2) engine.engine->cancel(id);
                if (rng() % 8 == 0) engine.engine->clear_cache([](int32_t) {});
                left.push_back(id);
            }
            CHECK(engine.run(request(prompt(90, 7))).tokens == expected);
            for (const RequestId id : left) CHECK_EQ(engine.wait(id).error, "");
        });
    }
    for (std::thread & caller : callers) caller.join();
    const SchedulerStats stats = engine.stats().scheduler;
    CHECK_EQ(stats.waiting + stats.running, 0);
    CHECK_EQ(stats.pages_free + stats.pages_cached, stats.pages_total);
    CHECK_EQ(engine.integrity(), "");
}
