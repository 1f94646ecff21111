// What steps cost: from measurements to constants, and the measurements themselves on a small model.
#include "engine/calibration.h"

#include "test-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

MeasuredStep timed(int32_t prefill, int32_t decodes, int32_t past, const CostModel & truth) {
    MeasuredStep step;
    if (prefill > 0) step.shape.add_prefill(prefill, past);
    for (int32_t i = 0; i < decodes; ++i) step.shape.add_decode(past);
    step.took = truth.step(step.shape);
    return step;
}

bool near(int64_t value, int64_t expected) {
    return value >= expected - expected / 10 && value <= expected + expected / 10;
}

}  // namespace

TEST("constants are found again") {
    CostConstants c;
    c.step = 2'000'000'000;
    c.prefill = 150'000'000;
    c.pair = 40'000;
    c.context = 90'000;
    c.decode = 400'000'000;
    const CostModel truth(c);
    const CostConstants found = cost_of({timed(0, 1, 0, truth), timed(0, 8, 0, truth), timed(64, 0, 0, truth),
                                         timed(0, 8, 1024, truth), timed(64, 0, 1024, truth), timed(256, 0, 0, truth)},
                                        3'000'000'000);
    CHECK_EQ(found.state, 3'000'000'000);
    CHECK(near(found.step, c.step));
    CHECK(near(found.prefill, c.prefill));
    CHECK(near(found.pair, c.pair));
    CHECK(near(found.context, c.context));
    CHECK(near(found.decode, c.decode));
}

TEST("one measurement is the cost of any step") {
    CostConstants c;
    c.step = 50'000'000'000;
    const CostConstants found = cost_of({timed(0, 1, 0, CostModel(c))});
    CHECK_EQ(found.step, c.step);
    CHECK(found.prefill > 0);
    CHECK(!cost_of({}, 5).calibrated());
    CHECK_EQ(cost_of({}, 5).state, 0);
}

TEST("a step that took less than a smaller one costs nothing more") {
    std::vector<MeasuredStep> steps(2);
    steps[0].shape.add_decode(0);
    steps[0].took = 900;
    for (int i = 0; i < 8; ++i) steps[1].shape.add_decode(0);
    steps[1].took = 500;
    CHECK_EQ(cost_of(steps).decode, 0);
}

TEST("an engine knows its costs before the first request") {
    TestEngine engine;
    const EngineStats stats = engine.stats();
    CHECK(stats.cost.calibrated());
    CHECK_EQ(stats.scheduler.steps, 0u);
    CHECK_EQ(engine.integrity(), "");
    // What the trials wrote is not kept: the first request is computed as on a fresh engine.
    EngineOptions plain = small_engine();
    plain.calibrate = false;
    TestEngine other(plain);
    CHECK(!other.stats().cost.calibrated());
    const Outcome with = engine.run(request(prompt(100))), without = other.run(request(prompt(100)));
    CHECK(with.tokens == without.tokens);
    CHECK_EQ(with.usage.cached_tokens, 0);
}

TEST("a pool of few pages is measured with what fits") {
    EngineOptions options = small_engine();
    options.runner.kv_tokens = 64;
    options.runner.max_running = 1;
    options.runner.max_batch_tokens = 8;
    TestEngine engine(options);
    CHECK(engine.stats().cost.step > 0);
    CHECK_EQ(engine.run(request(prompt(20))).tokens.size(), 8u);
}
