// When a first token is foretold: each part as a formula, and against what then happens.
#include "core/scheduler/first-token-forecast.h"

#include "fake-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr Micros kStep = 1000, kToken = 20, kDecode = 21;
constexpr CostConstants kCost = {kStep * 1'000'000, kToken * 1'000'000, 0, 0, kDecode * 1'000'000};

SchedulerConfig small(int32_t max_running = 8) {
    SchedulerConfig config;
    config.n_pages = 4000;
    config.max_running = max_running;
    config.max_batch_tokens = 128;
    config.policy.cost = kCost;
    return config;
}

Request asked(RequestId id, int32_t n_prompt, Class cls = Class::workflow) {
    Request r = request(id, tokens_of(id, n_prompt));
    r.cls = cls;
    return r;
}

/** What is foretold to one that comes now: nothing that can be computed comes within a microsecond. */
Micros foretold(FakeEngine & engine, int32_t n_prompt) {
    Request probe = asked(9999, n_prompt);
    probe.ttft_limit = 1;
    CHECK(engine.scheduler.submit(probe, engine.now) == SubmitError::backpressure);
    return engine.scheduler.retry_after() + 1;
}

/** When it then has it. */
Micros happens(FakeEngine & engine, int32_t n_prompt) {
    const Micros asked_at = engine.now;
    engine.submit(asked(9998, n_prompt), 1);
    while (engine.finished.count(9998) == 0) engine.step();
    return engine.finished[9998].usage.first_token - asked_at;
}

/** A forecast of its own for a machine with these slots. */
struct Alone {
    explicit Alone(int32_t n_slots)
        : cost(kCost), pace(policy, cost, 128), running(n_slots, n_slots), forecast(policy, cost, pace, n_slots, 128) {}

    /** A call that has had a slot since then. */
    void runs_since(Micros started, Class cls = Class::workflow) {
        calls.push_back(std::make_unique<Sequence>());
        calls.back()->cls = cls;
        calls.back()->started = started;
        calls.back()->tenant = &tenant;
        running.add(*calls.back());
    }
    Micros predict(Micros now, Class cls = Class::workflow, int32_t n_prompt = 100) const {
        return forecast.predict(cls, n_prompt, 0, {tenant, backlog.size()}, backlog, running, now);
    }

    PolicyConfig policy;
    CostModel cost;
    StepPace pace;
    Backlog backlog;
    RunningSet running;
    FirstTokenForecast forecast;
    Tenant tenant;
    std::vector<std::unique_ptr<Sequence>> calls;
};

}  // namespace

TEST("alone: its tokens, and a step for each part of its prompt") {
    for (const int32_t n : {1, 100, 128, 130, 1000}) {
        FakeEngine engine(small());
        const Micros predicted = foretold(engine, n);
        CHECK_EQ(predicted, (n + 127) / 128 * kStep + n * kToken);
        if (n > 1) CHECK_EQ(happens(engine, n), predicted);
    }
}

TEST("beside those that decode: they take their rows and their time of each step, the last one too") {
    FakeEngine engine(small());
    for (RequestId id = 1; id <= 4; ++id) engine.submit(asked(id, 30), 1000);
    for (int i = 0; i < 5; ++i) engine.step();
    const Micros predicted = foretold(engine, 1000);
    CHECK_EQ(predicted, 9 * (kStep + 4 * kDecode) + 1000 * kToken);  // 124 tokens a step are left
    CHECK_EQ(happens(engine, 1000), predicted);
}

TEST("behind prompts: they share the steps") {
    FakeEngine engine(small());
    for (RequestId id = 1; id <= 3; ++id) engine.submit(asked(id, 500), 1);
    const Micros predicted = foretold(engine, 500);
    CHECK_EQ(predicted, 16 * kStep + 2000 * kToken);
    CHECK_EQ(happens(engine, 500), predicted);
}

TEST("while interactive requests are to be expected the steps of others are short") {
    FakeEngine engine(small());
    engine.config.policy.alert_steps = 1;
    engine.submit(asked(1, 10, Class::interactive), 1);
    CHECK(engine.drain(10));
    const PolicyConfig & policy = engine.config.policy;
    CHECK(policy.coalesce[Class::interactive] > kStep + 128 * kToken);
    CHECK_EQ(foretold(engine, 1000), 8 * kStep + 1000 * kToken);  // these are short enough
    SchedulerConfig config = small();
    config.policy.coalesce[Class::interactive] = 0;
    config.policy.alert_steps = 3;  // 3 ms: 64 tokens and no more
    FakeEngine other(config);
    other.submit(asked(1, 10, Class::interactive), 1);
    CHECK(other.drain(10));
    const Micros predicted = foretold(other, 1000);
    CHECK_EQ(predicted, 16 * kStep + 1000 * kToken);
    CHECK_EQ(happens(other, 1000), predicted);
}

TEST("a slot: what is left of the call that ends first, and then its own prompt beside the others") {
    Alone one(4);
    one.forecast.call_ended(100'000, true);
    for (const Micros started : {1000, 21'000, 41'000, 61'000}) one.runs_since(started);
    const Micros own = kStep + 100 * kToken + 3 * kDecode;
    CHECK_EQ(one.predict(70'000), 100'000 - 69'000 + own);
    // Two that take longer than calls do: half as long again, if no other ends before.
    CHECK_EQ(one.predict(130'000), 11'000 + own);
    CHECK_EQ(one.predict(170'000), 50'000 + own);
    // A slot is free, or held by a worse class: no wait.
    Alone free(4);
    free.forecast.call_ended(100'000, true);
    for (const Micros started : {1000, 21'000, 41'000}) free.runs_since(started);
    CHECK_EQ(free.predict(70'000), kStep + 100 * kToken + 3 * kDecode);
    free.runs_since(61'000, Class::background);
    CHECK_EQ(free.predict(70'000), kStep + 100 * kToken + 3 * kDecode);
    CHECK_EQ(free.predict(70'000, Class::background), 31'000 + own);
}

TEST("slots for those before it: they come free in order, and a call's time later each time") {
    const int32_t n_slots = 4, n_output = 50;
    FakeEngine engine(small(n_slots));
    for (RequestId id = 1; id <= 4; ++id) engine.submit(asked(id, 20), n_output);
    const Micros began = engine.now;
    CHECK(engine.drain(1000));
    const Micros call = engine.now - began;  // all four began and ended together
    RequestId id = 10;
    const auto more = [&](int n) {
        for (int i = 0; i < n; ++i) engine.submit(asked(id++, 20), n_output);
    };
    more(4);
    engine.step();
    const Micros passed = kStep + 80 * kToken;
    const Micros own = kStep + 20 * kToken + 3 * kDecode;
    CHECK_EQ(foretold(engine, 20), call - passed + own);
    more(3);
    CHECK_EQ(foretold(engine, 20), call - passed + own);
    more(1);
    CHECK_EQ(foretold(engine, 20), 2 * call - passed + own);
    more(4);
    const Micros predicted = foretold(engine, 20);
    CHECK_EQ(predicted, 3 * call - passed + own);
    const Micros actual = happens(engine, 20);
    CHECK(actual > predicted - own && actual <= predicted);
}

TEST("a wait for a slot grows by the slots that better classes take meanwhile, and by no others") {
    Alone one(2);
    one.forecast.call_ended(100'000, true);
    for (const Micros at : {1000, 101'000, 201'000}) one.forecast.came(Class::interactive, at);
    for (const Micros at : {1000, 101'000, 201'000}) one.forecast.came(Class::workflow, at);
    for (int i = 0; i < 2; ++i) one.runs_since(161'000, Class::interactive);
    const Micros own = kStep + 100 * kToken + kDecode, left = 60'000, now = 201'000;
    CHECK_EQ(one.predict(now, Class::interactive), left + own);
    CHECK_EQ(one.predict(now, Class::workflow), 2 * left + own);    // a call in 100 ms on two slots: half of them
    CHECK_EQ(one.predict(now, Class::background), 4 * left + own);  // all of them, but for what is left in any case
    one.forecast.came(Class::background, now);
    CHECK_EQ(one.predict(now, Class::workflow), 2 * left + own);
    // None has come for four times as long: they come more rarely.
    Alone late(2);
    late.forecast.call_ended(100'000, true);
    for (const Micros at : {1000, 101'000}) late.forecast.came(Class::interactive, at);
    for (int i = 0; i < 2; ++i) late.runs_since(461'000, Class::interactive);
    CHECK_EQ(late.predict(501'000, Class::workflow), left * 1000 / 875 + own);
}

TEST("calls that ended while others waited tell how long those of a queue take; others are believed in the long run") {
    Alone one(1);
    one.runs_since(1000);
    const Micros own = kStep + 100 * kToken;
    const auto call_time = [&] { return one.predict(1000) - own; };
    one.forecast.call_ended(40'000, false);
    CHECK_EQ(call_time(), 40'000);  // all that is known
    one.forecast.call_ended(100'000, true);
    CHECK_EQ(call_time(), 100'000);
    for (int i = 0; i < 8; ++i) one.forecast.call_ended(40'000, false);
    CHECK(call_time() > 80'000);
    for (int i = 0; i < 500; ++i) one.forecast.call_ended(40'000, false);
    CHECK(call_time() < 41'000);
}

TEST("calls of a queue end in groups: their time is the mean of several") {
    Alone one(16);
    for (int i = 0; i < 16; ++i) one.runs_since(1000);
    const Micros own = kStep + 100 * kToken + 15 * kDecode;
    for (int group = 0; group < 20; ++group) {
        for (int i = 0; i < 16; ++i) one.forecast.call_ended(group % 2 == 0 ? 100'000 : 20'000, true);
        const Micros call_time = one.predict(1000) - own;
        if (group > 3) CHECK(call_time > 50'000 && call_time < 70'000);
    }
}

TEST("it may come back when the forecast, with what it falls short of, is within the limit") {
    Alone one(4);
    CHECK_EQ(one.forecast.until_within(Class::workflow, 100'000, 30'000), 70'000);
    for (int i = 0; i < 3'000; ++i) one.forecast.told(Class::workflow, 100'000, 150'000);
    const Micros wait = one.forecast.until_within(Class::workflow, 100'000, 30'000);
    CHECK(one.forecast.at_most(Class::workflow, 100'000 - wait) <= 30'000);
    CHECK(one.forecast.at_most(Class::workflow, 100'000 - wait + 100) > 30'000);
    CHECK_EQ(one.forecast.until_within(Class::interactive, 100'000, 30'000), 70'000);
}

TEST("another tenant's crowd: no wait for the slots and prompts of those that give way to this one") {
    Alone one(4);
    one.forecast.call_ended(100'000, true);
    for (int i = 0; i < 4; ++i) one.runs_since(61'000);
    const Micros own = kStep + 100 * kToken + 3 * kDecode;
    const auto predict = [&](const Tenant & tenant, int32_t n_before) {
        return one.forecast.predict(Class::workflow, 100, 0, {tenant, n_before}, one.backlog, one.running, 70'000);
    };
    CHECK_EQ(predict(one.tenant, 0), 91'000 + own);
    CHECK_EQ(predict(Tenant{}, 0), own);
    Tenant even;
    even.running = 3;  // one more, and these would have fewer
    CHECK_EQ(predict(even, 0), 91'000 + own);
}

TEST("what predictions fall short of is learnt: 19 of 20 come true, of each class by itself") {
    Alone one(4);
    const Micros predicted = 100'000;
    CHECK_EQ(one.forecast.at_most(Class::workflow, predicted), predicted);
    std::mt19937_64 rng(5);
    int late = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Micros actual = predicted + static_cast<Micros>(rng() % 50'000);  // up to half as long again
        if (i >= 2'000) late += actual > one.forecast.at_most(Class::workflow, predicted);
        one.forecast.told(Class::workflow, predicted, actual);
    }
    CHECK(late > 18'000 * 4 / 100 && late < 18'000 * 6 / 100);
    const Micros margin = one.forecast.at_most(Class::workflow, predicted) - predicted;
    CHECK(margin > 42'500 && margin <= 50'000 + 1'900);
    CHECK_EQ(one.forecast.at_most(Class::workflow, 2 * predicted), 2 * (predicted + margin));
    CHECK_EQ(one.forecast.at_most(Class::interactive, predicted), predicted);
    // It is forgotten as slowly, never below nothing, and never more than three times is added.
    for (int i = 0; i < 3'000; ++i) one.forecast.told(Class::workflow, predicted, predicted);
    CHECK_EQ(one.forecast.at_most(Class::workflow, predicted), predicted);
    for (int i = 0; i < 3'000; ++i) one.forecast.told(Class::workflow, predicted, kForever);
    CHECK_EQ(one.forecast.at_most(Class::workflow, predicted), 4 * predicted);
    // One that was due at once tells of the step under way, not of the queue.
    for (int i = 0; i < 3'000; ++i) one.forecast.told(Class::background, 9'999, kForever);
    CHECK_EQ(one.forecast.at_most(Class::background, predicted), predicted);
}
