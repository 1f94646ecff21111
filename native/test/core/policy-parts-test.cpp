// The parts that the policy is made of, each against an exhaustive or exact answer.
#include <cmath>
#include <random>
#include <stdexcept>

#include "check.h"
#include "core/activity/admission-window.h"
#include "core/costs/cost-fit.h"
#include "core/programs/hint.h"
#include "core/programs/retention.h"
#include "core/programs/service-correlation.h"
#include "core/programs/tool-times.h"
#include "core/requests/prompt-key.h"
#include "core/scheduler/scheduler.h"

using namespace banyan;

TEST("durations are the last ones, sorted, and counted as brute force counts them") {
    std::mt19937_64 rng(1);
    for (int round = 0; round < 50; ++round) {
        const int32_t capacity = 1 + static_cast<int32_t>(rng() % 30);
        ToolTimes times(capacity);
        std::vector<Micros> all;
        for (int i = 0; i < 100; ++i) {
            all.push_back(static_cast<Micros>(rng() % 40));
            times.add(all.back());
            const size_t n = std::min(all.size(), static_cast<size_t>(capacity));
            const std::vector<Micros> last(all.end() - n, all.end());
            const Micros elapsed = rng() % 40, span = rng() % 20;
            int32_t by = 0, out = 0, in_span = 0;
            for (const Micros t : last) {
                by += t <= elapsed;
                out += t > elapsed;
                in_span += t > elapsed && t <= elapsed + span;
            }
            CHECK_EQ(times.n(), static_cast<int32_t>(n));
            CHECK_EQ(times.back_by(elapsed), by);
            CHECK_EQ(times.returns_within(elapsed, span), out == 0 ? 0 : in_span * 1000 / out);
        }
    }
}

TEST("the TTL is the exhaustive argmax over its sample set (invariant 16)") {
    std::mt19937_64 rng(2);
    for (int round = 0; round < 3000; ++round) {
        ToolTimes times(100);
        const int32_t n = static_cast<int32_t>(rng() % 40);
        const Micros longest = 1 + static_cast<Micros>(rng() % 200);
        for (int32_t i = 0; i < n; ++i) times.add(static_cast<Micros>(rng() % longest));
        const Micros gain = static_cast<Micros>(rng() % 300);
        const int64_t pressure = rng() % 4 == 0 ? 0 : static_cast<int64_t>(rng() % 3000);
        const auto value = [&](Micros t) { return times.back_by(t) * gain * 1000 - n * pressure * t; };
        Micros best = 0;
        for (Micros t = 0; t <= 200; ++t) {
            if (value(t) > value(best)) best = t;
        }
        CHECK_EQ(best_ttl(times, gain, pressure), best);
    }
}

TEST("a retention says why") {
    ToolTimes times(100);
    RetentionCase c;
    c.keep_unknown = 10'000'000;
    c.calibrated = true;
    c.restore = 800'000;
    CHECK(decide_retention("bash", times, c).reason == RetainReason::unknown_tool);
    CHECK_EQ(decide_retention("bash", times, c).ttl, 10'000'000);
    for (int i = 1; i <= 95; ++i) times.add(i * 10'000);
    for (int i = 0; i < 5; ++i) times.add(3'600'000'000);
    c.pressure = 50;
    const Retention kept = decide_retention("bash", times, c);
    CHECK(kept.reason == RetainReason::measured);
    CHECK_EQ(kept.ttl, 950'000);
    CHECK_EQ(describe(kept),
             "kept 0.9 s because 95 of 100 calls of bash were back by then, and computing again takes 0.8 s");
    c.pressure = 1'000'000;
    CHECK(decide_retention("bash", times, c).reason == RetainReason::worthless);
    c.pressure = 0;
    CHECK(decide_retention("bash", times, c).reason == RetainReason::free_memory);
    CHECK_EQ(decide_retention("bash", times, c).ttl, 3'600'000'000);
    c.expected = 2'000'000;
    CHECK(decide_retention("bash", times, c).reason == RetainReason::expected);
}

TEST("what service tells is minus the correlation of calls so far and calls left, over the last programs") {
    std::mt19937_64 rng(3);
    for (int round = 0; round < 60; ++round) {
        ServiceCorrelation turns;
        std::vector<int32_t> lengths;
        const int32_t spread = 1 + static_cast<int32_t>(rng() % 60);
        for (int i = 0; i < 150; ++i) {
            lengths.push_back(1 + static_cast<int32_t>(rng() % spread) * (rng() % 10 == 0 ? 20 : 1));
            turns.add(lengths.back());
        }
        double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        for (size_t i = lengths.size() - ServiceCorrelation::kPrograms; i < lengths.size(); ++i) {
            for (int32_t k = 0; k < lengths[i]; ++k) {
                const double left = lengths[i] - k;
                n += 1, x += k, y += left, xx += 1.0 * k * k, yy += left * left, xy += k * left;
            }
        }
        const double scale = std::sqrt((n * xx - x * x) * (n * yy - y * y));
        const double eta = scale == 0 ? 1 : -(n * xy - x * y) / scale;
        CHECK(std::abs(turns.service_tells_end() - eta * 1000) <= 2);
    }
    ServiceCorrelation equal;
    for (int i = 0; i < 20; ++i) equal.add(11);
    CHECK_EQ(equal.service_tells_end(), 1000);
}

TEST("fitted constants predict steps that they never saw") {
    CostModel truth({5'000'000'000, 30'000'000, 2'000, 50'000, 40'000'000});
    CostModel fitted;
    CostFit fit;
    std::mt19937_64 rng(4);
    const auto some_shape = [&] {
        StepShape shape;
        for (int i = rng() % 9; i > 0; --i) shape.add_decode(rng() % 8000);
        if (rng() % 2) shape.add_prefill(64 * (1 + rng() % 16), rng() % 30'000);
        return shape;
    };
    for (int i = 0; i < 2000; ++i) {
        const StepShape shape = some_shape();
        const Micros noise = static_cast<Micros>(rng() % 200);
        fit.observe(fitted, shape, truth.step(shape) + noise + (rng() % 50 == 0 ? 100'000 : 0));
    }
    for (int i = 0; i < 500; ++i) {
        const StepShape shape = some_shape();
        const double is = static_cast<double>(truth.step(shape)), said = static_cast<double>(fitted.step(shape));
        CHECK(said > is * 0.9 && said < is * 1.25);
    }
    CHECK(!fit.observe(fitted, some_shape(), 0));
}

TEST("the cost model is the sum it says") {
    const CostModel cost({1'000'000, 2'000'000, 10'000, 500'000, 3'000'000});
    StepShape shape;
    shape.add_prefill(100, 1000);
    shape.add_decode(200);
    shape.add_decode(400);
    CHECK_EQ(shape.pairs, 100 * 1050);
    CHECK_EQ(cost.step(shape), 1 + 200 + 1050 + 300 + 6);
    CHECK_EQ(cost.prefill(100, 1000), 1250);
}

TEST("the window is at least 1, grows by steps, shrinks by halves, and rests in between (invariant 18)") {
    PolicyConfig policy;
    std::mt19937_64 rng(5);
    AdmissionWindow window(policy);
    for (int i = 0; i < 5000; ++i) {
        const int32_t before = window.size();
        const int32_t use = static_cast<int32_t>(rng() % 1300), hits = static_cast<int32_t>(rng() % 1002) - 1;
        window.tick(use, hits, static_cast<int32_t>(rng() % 100), rng() % 2);
        CHECK(window.size() >= 1);
        CHECK(window.size() <= before + policy.window_add);
        if (use >= policy.use_low && (use <= policy.use_high || hits >= policy.hit_low)) {
            CHECK_EQ(window.size(), before);
        }
    }
    // A constant load: it reaches a size and stays there, whatever follows from it.
    AdmissionWindow steady(policy);
    int32_t changes = 0;
    for (int i = 0; i < 400; ++i) {
        const int32_t before = steady.size(), use = before * 20;  // 50 programs fill the pool
        steady.tick(use, use > 950 ? 300 : 950, before, true);
        if (i >= 200) changes += steady.size() != before;
    }
    CHECK_EQ(changes, 0);
    CHECK(steady.size() * 20 >= policy.use_low - 40);
}

TEST("two prompts share as many steps of their keys as they have in common") {
    std::vector<Token> a(5000, 1), b = a;
    b[700] = 2;
    CHECK_EQ(PromptKey(0, a).shared(PromptKey(0, b)), 8);  // 512
    CHECK_EQ(PromptKey(0, a).shared(PromptKey(0, a)), 14);
    CHECK_EQ(PromptKey(0, a).shared(PromptKey(1, a)), 0);
    CHECK_EQ(PromptKey(0, {1, 2}).shared(PromptKey(0, {1, 2})), 0);
}

TEST("configurations that cannot work are refused by field") {
    SchedulerConfig good;
    good.n_pages = 64;
    CHECK(!validate(good));
    using Breaks = std::function<void(SchedulerConfig &)>;
    const std::vector<std::pair<std::string, Breaks>> cases = {
        {"n_pages", [](auto & c) { c.n_pages = 0; }},
        {"n_pages", [](auto & c) { c.n_pages = 1 << 27, c.page_tokens = 64; }},
        {"page_tokens", [](auto & c) { c.page_tokens = 0; }},
        {"max_running", [](auto & c) { c.max_running = 0; }},
        {"max_batch_tokens", [](auto & c) { c.max_batch_tokens = -1; }},
        {"max_context", [](auto & c) { c.max_context = -1; }},
        {"reserve_percent", [](auto & c) { c.reserve_percent = 101; }},
        {"batching", [](auto & c) { c.policy.batching = static_cast<Batching>(9); }},
        {"order", [](auto & c) { c.policy.order = static_cast<Order>(9); }},
        {"eviction", [](auto & c) { c.policy.eviction = static_cast<Eviction>(9); }},
        {"group_size", [](auto & c) { c.policy.group_size = 9; }},
        {"max_wait", [](auto & c) { c.policy.max_wait = kNever; }},
        {"age", [](auto & c) { c.policy.age[Class::workflow] = -1; }},
        {"step_target", [](auto & c) { c.policy.step_target[Class::interactive] = -1; }},
        {"tile", [](auto & c) { c.policy.tile = 0; }},
        {"min_prefill", [](auto & c) { c.policy.min_prefill = 0; }},
        {"cold_share", [](auto & c) { c.policy.cold_share = 1001; }},
        {"low", [](auto & c) { c.policy.low = 960; }},
        {"tick", [](auto & c) { c.policy.tick = 0; }},
        {"window_start", [](auto & c) { c.policy.window_start = 0; }},
        {"window_keep", [](auto & c) { c.policy.window_keep = 1000; }},
        {"use_low", [](auto & c) { c.policy.use_low = 901; }},
        {"level_edges", [](auto & c) { c.policy.level_edges = {5, 4, 6}; }},
        {"overdue", [](auto & c) { c.policy.overdue = 0; }},
        {"quantum", [](auto & c) { c.policy.quantum = -1; }},
        {"locality_window", [](auto & c) { c.policy.locality_window = 2000; }},
        {"tool_samples", [](auto & c) { c.policy.tool_samples = 0; }},
        {"cost", [](auto & c) { c.policy.cost.step = -1; }},
        {"cost", [](auto & c) { c.policy.cost.pair = 1'000'000'000'000; }},
    };
    for (const auto & [field, spoil] : cases) {
        SchedulerConfig config = good;
        spoil(config);
        const auto wrong = validate(config);
        CHECK_EQ(wrong ? wrong->field : "nothing", field);
        bool thrown = false;
        try {
            const Scheduler scheduler(config);
        } catch (const std::invalid_argument &) {
            thrown = true;
        }
        CHECK(thrown);
    }
}

TEST("hints that say nothing sound are refused") {
    Hint h;
    CHECK(validate(h) == HintError::none);
    h.kind = static_cast<Hint::Kind>(200);
    CHECK(validate(h) == HintError::bad_kind);
    h.kind = Hint::Kind::tool_started;
    h.tool = std::string(kMaxToolName + 1, 'x');
    CHECK(validate(h) == HintError::bad_tool_name);
    h.tool = "x";
    h.expected = -1;
    CHECK(validate(h) == HintError::bad_expected);
    h = {};
    h.kind = Hint::Kind::next_prefix;
    CHECK(validate(h) == HintError::bad_tokens);
    h.tokens = {1, 2};
    h.from = 2;
    CHECK(validate(h) == HintError::bad_tokens);
    h.from = 1;
    h.steps = 0;
    CHECK(validate(h) == HintError::bad_steps);
}
