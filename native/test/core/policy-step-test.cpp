// What goes into a step, and when a step waits: budgets, company, groups.
#include <algorithm>
#include <random>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** An 8B model on a data centre GPU: 6 ms a step, 25 us a prompt token. */
constexpr CostConstants kGpu = {6'000'000'000, 25'000'000, 1'300, 44'000, 30'000'000};

SchedulerConfig calibrated(int32_t n_pages, int32_t max_running = 8, int32_t max_batch_tokens = 2048) {
    SchedulerConfig config = pool(n_pages, 32, max_running);
    config.max_batch_tokens = max_batch_tokens;
    config.policy.cost = kGpu;
    return config;
}

}  // namespace

TEST("a step keeps the pace of requests that decode, or takes the least prefill (invariant 8)") {
    std::mt19937_64 rng(1);
    for (int round = 0; round < 40; ++round) {
        SchedulerConfig config = calibrated(4000, 24);
        for (Micros & target : config.policy.step_target) target = 7'000 + static_cast<Micros>(rng() % 40'000);
        config.policy.tile = 1 << (rng() % 8);
        FakeEngine engine(config);
        std::map<RequestId, Class> classes;
        for (RequestId id = 1; id <= 60; ++id) {
            const Class cls = static_cast<Class>(rng() % 3);
            classes[id] = cls;
            engine.submit(request(id, 1 + static_cast<int32_t>(rng() % 3000), cls, rng() % 6), 1 + rng() % 60);
            for (int i = rng() % 8; i > 0; --i) {
                const Batch & batch = engine.scheduler.schedule(engine.now);
                const StepShape shape = FakeEngine::shape_of(batch);
                Micros target = kNever;
                for (const BatchRow & row : batch.rows) {
                    const bool decodes = row.n_tokens == 1 && row.sample;
                    if (decodes) target = std::min(target, config.policy.step_target[classes[row.request]]);
                }
                CHECK(engine.scheduler.cost().step(shape) <= target || shape.prefill <= config.policy.min_prefill);
                engine.commit(batch);
            }
        }
        CHECK(engine.drain(100'000));
    }
}

TEST("a 30,000-token prompt among 8 decoding agents is cut so that each step keeps their pace") {
    SchedulerConfig config = calibrated(4000, 16);
    FakeEngine engine(config);
    for (RequestId id = 1; id <= 8; ++id) engine.submit(request(id, 500, Class::interactive), 400);
    for (int i = 0; i < 20; ++i) engine.step();
    engine.submit(request(99, 30'000, Class::workflow), 1);
    Micros worst = 0;
    while (engine.finished.count(99) == 0) {
        const Micros before = engine.now;
        engine.step();
        worst = std::max(worst, engine.now - before);
    }
    CHECK(worst <= config.policy.step_target[Class::interactive]);
    CHECK(engine.scheduler.stats().decisions[static_cast<size_t>(Decision::Kind::budget)] > 0);
    CHECK(engine.scheduler.stats().prefill_tokens >= 34'000);
}

TEST("a step with prompts alone ends in time too, so that an abort is heard") {
    SchedulerConfig config = calibrated(4000, 8, 8192);
    config.policy.cost.prefill *= 40;  // 1 ms a token
    for (const Micros longest : {Micros{250'000}, Micros{90'000}}) {
        config.policy.longest_step = longest;
        FakeEngine engine(config);
        for (RequestId id = 1; id <= 3; ++id) engine.submit(request(id, 6000, Class::background), 1);
        Micros worst = 0;
        while (engine.finished.size() < 3) {
            const Micros before = engine.now;
            engine.step();
            worst = std::max(worst, engine.now - before);
        }
        CHECK(worst <= longest);
        CHECK(worst > longest / 2);  // and not cut smaller than that
    }
}

TEST("a refused request is told within a factor of two when it would be taken") {
    std::mt19937_64 rng(3);
    int refused = 0;
    for (int round = 0; round < 60; ++round) {
        SchedulerConfig config = calibrated(6000, 16, 512);
        config.policy.cost.prefill *= 1 + static_cast<Picos>(rng() % 40);
        config.policy.cost.pair *= 1 + static_cast<Picos>(rng() % 200);
        FakeEngine engine(config);
        RequestId id = 1;
        for (uint64_t n = rng() % 6; n > 0; --n) engine.submit(request(id++, 200, Class::interactive), 2000);
        for (int i = 0; i < 20; ++i) engine.step();
        for (uint64_t n = 1 + rng() % 6; n > 0; --n) {
            engine.submit(request(id++, 500 + static_cast<int32_t>(rng() % 5000), Class::interactive), 3);
        }
        Request probe = request(1000, 300, Class::interactive);
        probe.ttft_limit = 2 * engine.scheduler.cost().prefill(300, 0) + 100'000;
        const Micros asked = engine.now;
        if (engine.scheduler.submit(probe, engine.now) != SubmitError::backpressure) continue;
        const Micros told = engine.scheduler.retry_after();
        ++refused;
        while (engine.scheduler.submit(probe, engine.now) == SubmitError::backpressure) engine.step();
        const Micros waited = engine.now - asked;
        if (told * 2 < waited || told > waited * 2 + 50'000) {
            fail(__FILE__, __LINE__, "told " + std::to_string(told) + ", waited " + std::to_string(waited));
        }
    }
    CHECK(refused > 20);
}

TEST("in the midst of a step what is computed already, and what is cancelled, is not waited for") {
    SchedulerConfig config = calibrated(4000, 16, 512);
    config.policy.cost.prefill *= 20;
    FakeEngine engine(config);
    for (RequestId id = 1; id <= 2; ++id) engine.submit(request(id, 200, Class::interactive), 3);
    const auto told_after = [&](Micros passed) {
        Request probe = request(1000, 300, Class::interactive);
        probe.ttft_limit = 1;
        CHECK(engine.scheduler.submit(probe, engine.now + passed) == SubmitError::backpressure);
        return engine.scheduler.retry_after();
    };
    const Batch & batch = engine.scheduler.schedule(engine.now);
    const Micros whole = told_after(0);
    CHECK_EQ(batch.rows.size(), 2u);
    CHECK_EQ(told_after(30'000), whole - 30'000);
    CHECK(engine.scheduler.cancel(2, engine.now + 30'000));
    CHECK(told_after(30'000) < whole - 30'000 - engine.scheduler.cost().prefill(150, 0));
}

TEST("without calibration nothing is limited by time") {
    SchedulerConfig config = pool(512);
    FakeEngine engine(config);
    engine.submit(request(1, 10, Class::interactive), 50);
    engine.step();
    engine.submit(request(2, 2000, Class::interactive), 1);
    CHECK_EQ(engine.scheduler.schedule(engine.now).n_tokens, config.max_batch_tokens);
}

TEST("a prompt that is mostly cached goes first, a due one that is new keeps a quarter of the step") {
    SchedulerConfig config = pool(512, 32, 8);
    config.max_batch_tokens = 400;
    FakeEngine engine(config);
    engine.submit(request(1, tokens_of(1, 1600), Class::workflow), 1);
    CHECK(engine.drain(20));
    engine.submit(request(2, tokens_of(2, 1000), Class::workflow), 1);
    engine.step();
    std::vector<Token> longer = engine.finished[1].tokens;
    for (Token token : tokens_of(9, 900)) longer.push_back(token);
    engine.submit(request(3, longer, Class::workflow), 1);
    {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        CHECK_EQ(row_of(batch, 3)->n_tokens, 400);  // request 2 is not due yet
        CHECK(row_of(batch, 2) == nullptr);
        engine.commit(batch);
    }
    engine.now += config.policy.coalesce[Class::workflow];
    const Batch & batch = engine.scheduler.schedule(engine.now);
    CHECK_EQ(row_of(batch, 3)->n_tokens, 300);
    CHECK_EQ(row_of(batch, 2)->n_tokens, 100);
}

TEST("a lone caller never waits for company") {
    FakeEngine engine(calibrated(256));
    for (RequestId id = 1; id <= 20; ++id) {
        engine.now += 1'500'000;
        engine.submit(request(id, 200, static_cast<Class>(id % 3)), 3);
        CHECK(!engine.scheduler.schedule(engine.now).empty());
        CHECK(engine.scheduler.wake_at() == kNever);
        engine.commit(engine.scheduler.schedule(engine.now));
        CHECK(engine.drain(100));
    }
    CHECK_EQ(engine.scheduler.stats().decisions[static_cast<size_t>(Decision::Kind::coalesce)], 0u);
}

TEST("calls that come in bursts wait for each other, less than their class allows and less than a step (invariant 5)") {
    SchedulerConfig config = calibrated(2048, 16);
    FakeEngine engine(config);
    std::vector<Micros> arrivals;
    for (int i = 0; i < 400; ++i) arrivals.push_back(1000 + i / 4 * 100'000 + i % 4 * 1'000);
    size_t next = 0;
    uint64_t coalesced = 0;
    const auto arrive_until = [&](Micros until) {
        for (; next < arrivals.size() && arrivals[next] <= until; ++next) {
            engine.now = arrivals[next];
            engine.submit(request(next + 1, 40, Class::background), 1);
        }
    };
    while (next < arrivals.size() || !engine.scheduler.idle()) {
        arrive_until(engine.now);
        const Micros now = engine.now;
        const Batch & batch = engine.scheduler.schedule(now);
        if (batch.empty()) {
            const Micros wake = engine.scheduler.wake_at();
            if (!engine.scheduler.idle()) {
                CHECK(wake > now && wake <= now + 6'000);
                ++coalesced;
            }
            engine.now = std::min(wake, next < arrivals.size() ? arrivals[next] : kNever);
            continue;
        }
        arrive_until(now + engine.duration(batch));
        engine.now = now;
        engine.commit(batch);
    }
    CHECK(coalesced > 50);
    for (const auto & [id, done] : engine.finished) CHECK(done.usage.waited <= 6'000 + 2 * 12'000);
}

TEST("in groups: the next one starts full or after its time, and only when the one before has ended") {
    for (Batching mode : {Batching::dynamic, Batching::fixed}) {
        SchedulerConfig config = pool(256, 32, 8);
        config.policy.batching = mode;
        config.policy.group_size = 4;
        FakeEngine engine(config);
        const Micros wait = mode == Batching::dynamic ? config.policy.max_wait : config.policy.fixed_wait;
        engine.submit(request(1, 20, Class::interactive), 3);
        CHECK(engine.scheduler.schedule(engine.now).empty());
        CHECK_EQ(engine.scheduler.wake_at(), engine.now + wait);
        for (RequestId id = 2; id <= 6; ++id) engine.submit(request(id, 20, Class::interactive), 3 + id);
        while (!engine.scheduler.idle()) {
            const Batch & batch = engine.scheduler.schedule(engine.now);
            if (batch.empty()) {
                engine.now = engine.scheduler.wake_at();
                continue;
            }
            for (const BatchRow & row : batch.rows) CHECK_EQ(row.request <= 4, engine.finished.size() < 4);
            engine.commit(batch);
        }
        CHECK_EQ(engine.finished.size(), 6u);
    }
}

TEST("interactive calls within the reserve start with the next step, whatever waits behind (invariant 7)") {
    std::mt19937_64 rng(11);
    for (int round = 0; round < 20; ++round) {
        SchedulerConfig config = calibrated(600, 8);
        FakeEngine engine(config);
        RequestId id = 1;
        for (int i = 0; i < 120; ++i) engine.submit(request(id++, 600, Class::background), 100);
        engine.now += rng() % 2 ? 0 : 200'000'000;  // half of the rounds: all of them aged
        for (int arrival = 0; arrival < 12; ++arrival) {
            for (int i = rng() % 20; i > 0; --i) engine.step();
            const RequestId mine = id++;
            engine.submit(request(mine, 300, Class::interactive), 5);
            const Batch & batch = engine.scheduler.schedule(engine.now);
            CHECK(engine.scheduler.state(mine) == FinishState::running);
            CHECK_EQ(engine.scheduler.usage(mine)->waited, 0);
            engine.commit(batch);
            while (engine.finished.count(mine) == 0) engine.step();
            CHECK(engine.finished[mine].usage.admitted - engine.finished[mine].usage.submitted <= 10'000);
        }
    }
}
