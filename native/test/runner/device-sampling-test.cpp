// Sampling inside llama.cpp's graph, on the CPU backend: greedy tokens as the host chooses them, rows for the host
// intact.
#include <algorithm>
#include <set>

#include "check.h"
#include "runner/fleet.h"
#include "runner/sampling/device-sampler.h"
#include "runner/sampling/slot-samplers.h"

using namespace banyan;
using namespace banyan::test;

namespace {

RunnerOptions with(Choice device_sampling, Choice fixed_shapes = Choice::off) {
    RunnerOptions options = fleet_options();
    options.device_sampling = device_sampling;
    options.fixed_shapes = fixed_shapes;
    return options;
}

SamplingOptions penalised() {
    SamplingOptions options;
    options.temperature = 0.9f;
    options.top_k = 20;
    options.repeat_penalty = 1.3f;
    options.seed = 11;
    return options;
}

SamplingOptions random(int64_t seed) {
    SamplingOptions options;
    options.temperature = 1.5f;
    options.top_k = 50;
    options.top_p = 0.95f;
    options.min_p = 0.01f;
    options.seed = seed;
    return options;
}

/** Greedy requests beside two that only the host can sample, coming and going. */
std::vector<std::vector<Token>> mixed_traffic(Fleet & fleet, bool on_device) {
    std::vector<std::vector<Token>> outputs;
    for (int i = 0; i < 6; ++i) fleet.add(prompt_of(5 + 9 * i, i), i % 3 == 1 ? penalised() : SamplingOptions{});
    for (int i = 0; i < 10; ++i) {
        fleet.step();
        CHECK_EQ(fleet.by_device(), on_device ? 4 : 0);
    }
    for (const SlotId slot : {0, 1}) {
        outputs.push_back(fleet.output(slot));
        fleet.remove(slot);
    }
    fleet.add(prompt_of(30, 7), penalised());  // a slot changes its kind
    fleet.add(prompt_of(31, 8));
    for (int i = 0; i < 10; ++i) fleet.step();
    for (SlotId slot = 0; slot < 6; ++slot) outputs.push_back(fleet.output(slot));
    return outputs;
}

}  // namespace

TEST("greedy tokens are the host's, and requests for the host see the same logits") {
    Fleet host(with(Choice::off)), device(with(Choice::on)), padded(with(Choice::on, Choice::on));
    CHECK(!host.runner().info().device_sampling);
    CHECK(device.runner().info().device_sampling);
    const auto expected = mixed_traffic(host, false);
    CHECK(mixed_traffic(device, true) == expected);
    CHECK(mixed_traffic(padded, true) == expected);
}

TEST("on a CPU the host samples unless asked otherwise") {
    CHECK(!Fleet(with(Choice::automatic)).runner().info().device_sampling);
}

TEST("a seed means the same tokens on the device, with any neighbours and in any slot") {
    Fleet alone(with(Choice::on));
    alone.add(prompt_of(12, 1), random(5));
    for (int i = 0; i < 20; ++i) alone.step();
    CHECK_EQ(alone.by_device(), 1);

    Fleet company(with(Choice::on));
    company.add(prompt_of(40, 2), random(6));
    company.add(prompt_of(3, 3), penalised());
    for (int i = 0; i < SlotSamplers::kStepsBetweenExchanges; ++i) company.step();
    const SlotId slot = company.add(prompt_of(12, 1), random(5));
    for (int i = 0; i < 20; ++i) {
        if (i == 7) company.remove(0);
        if (i == 8) company.add(prompt_of(9, 4), penalised());
        company.step();
        CHECK_EQ(company.by_device(), i < 7 ? 2 : 1);
    }
    CHECK_EQ(slot, 2);
    CHECK(company.output(slot) == alone.output(0));

    Fleet other(with(Choice::on));
    other.add(prompt_of(12, 1), random(6));
    for (int i = 0; i < 20; ++i) other.step();
    CHECK(other.output(0) != alone.output(0));
}

TEST("requests come and go in one graph, their sampling included") {
    Fleet fleet(with(Choice::on, Choice::on));
    for (int i = 0; i < 7; ++i) fleet.add(prompt_of(4, i));
    fleet.step();
    const int before = fleet.reused();
    for (const SlotId gone : {SlotId{2}, SlotId{0}}) {
        fleet.remove(gone);
        for (int i = 0; i < 5; ++i) fleet.step();
    }
    CHECK_EQ(fleet.reused() - before, 10);
}

TEST("random tokens vary and stay within top-k") {
    Fleet fleet(with(Choice::on));
    SamplingOptions options;
    options.temperature = 100.0f;  // all of the top 3 alike
    options.top_k = 3;
    options.seed = 3;
    fleet.add(prompt_of(12, 1), options);
    std::set<Token> seen;
    for (int i = 0; i < 40; ++i) {
        fleet.step();
        CHECK_EQ(fleet.by_device(), 1);
        seen.insert(fleet.output(0).back());
    }
    CHECK(seen.size() > 3);
    Fleet greedy(with(Choice::on));
    options.top_k = 1;
    greedy.add(prompt_of(12, 1), options);
    Fleet expected(with(Choice::off));
    expected.add(prompt_of(12, 1));
    for (int i = 0; i < 20; ++i) greedy.step(), expected.step();
    CHECK(greedy.output(0) == expected.output(0));
}

TEST("chains are exchanged in one step of many; who comes in between is sampled by the host, for good") {
    Fleet fleet(with(Choice::on));
    fleet.add(prompt_of(5, 1), random(1));  // exchanges slot 0's chain
    fleet.add(prompt_of(5, 2), random(2));  // too early for slot 1
    for (int i = 0; i < SlotSamplers::kStepsBetweenExchanges + 5; ++i) {
        fleet.step();
        CHECK_EQ(fleet.by_device(), 1);
    }
    fleet.remove(1);
    fleet.add(prompt_of(5, 3), random(3));
    fleet.step();
    CHECK_EQ(fleet.by_device(), 2);
    fleet.remove(0);
    fleet.add(prompt_of(5, 4), random(4));  // the slot's chain is the right one already
    fleet.step();
    CHECK_EQ(fleet.by_device(), 2);
}

TEST("a banned token is not chosen") {
    Fleet free(with(Choice::on)), banned(with(Choice::on));
    free.add(prompt_of(12, 1));
    for (int i = 0; i < 10; ++i) free.step();
    const std::vector<Token> & usual = free.output(0);
    banned.add(prompt_of(12, 1), {}, {usual[0], usual[3]});
    for (int i = 0; i < 10; ++i) banned.step();
    CHECK_EQ(banned.by_device(), 1);
    CHECK(banned.output(0)[0] != usual[0]);
    for (const Token token : banned.output(0)) CHECK(token != usual[0] && token != usual[3]);
}

TEST("what the device cannot do as the host does stays with the host") {
    CHECK(DeviceSampler::of({}, {}) != nullptr);
    CHECK(DeviceSampler::of(random(1), {}) != nullptr);
    CHECK(DeviceSampler::of(penalised(), {}) == nullptr);
    SamplingOptions options;
    options.logprobs = 0;
    CHECK(DeviceSampler::of(options, {}) == nullptr);
    options = random(1);
    options.top_k = 5000;
    CHECK(DeviceSampler::of(options, {}) == nullptr);
}
