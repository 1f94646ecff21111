// The engine as it runs on a GPU, on the CPU: decode steps padded to buckets, tokens chosen inside the graph.
#include "test-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

EngineOptions as_on_a_gpu() {
    EngineOptions options = small_engine();
    options.runner.fixed_shapes = options.runner.device_sampling = Choice::on;
    return options;
}

/** Greedy, constrained, explained and stopped requests at once. */
std::vector<RequestOptions> requests(const std::string & stop) {
    std::vector<RequestOptions> list;
    for (int i = 0; i < 4; ++i) {
        list.push_back(request(prompt(20 + 9 * i, i), 20));
        list.back().ignore_eos = false;
    }
    list.push_back(request(prompt(30), 30));
    list.back().grammar = "root ::= \"ab\" [0-9]+ \"c\"";
    list.push_back(request(prompt(25, 5), 12));
    list.back().sampling.logprobs = 2;
    list.push_back(request(prompt(20), 30));
    list.back().stop = {stop};
    list.push_back(request(prompt(24, 6), 12));
    list.back().sampling.temperature = 0.8f;
    list.back().sampling.repeat_penalty = 1.2f;
    list.back().sampling.seed = 4;
    return list;
}

std::vector<Outcome> run_all(TestEngine & engine, const std::string & stop) {
    std::vector<RequestId> ids;
    for (RequestOptions & options : requests(stop)) ids.push_back(engine.engine->submit(std::move(options)));
    std::vector<Outcome> outcomes;
    for (const RequestId id : ids) outcomes.push_back(engine.wait(id));
    return outcomes;
}

}  // namespace

TEST("padded steps and sampling in the graph give what the host's sampling of exact steps gives") {
    TestEngine host, device(as_on_a_gpu());
    CHECK(device.engine->info().runner.device_sampling && device.engine->info().runner.fixed_shapes);
    const std::string stop = host.run(request(prompt(20), 30)).text.substr(9, 3);
    const std::vector<Outcome> expected = run_all(host, stop), got = run_all(device, stop);
    for (size_t i = 0; i < expected.size(); ++i) {
        CHECK(got[i].tokens == expected[i].tokens);
        CHECK_EQ(got[i].text, expected[i].text);
        CHECK(got[i].reason == expected[i].reason);
        CHECK_EQ(got[i].logprobs.size(), expected[i].logprobs.size());
    }
    CHECK_EQ(device.integrity(), "");
}

TEST("a seed gives the same tokens again, another seed others") {
    EngineOptions options = as_on_a_gpu();
    options.runner.max_running = 1;  // one slot: the first request exchanges its chain, the others find it right
    TestEngine engine(options);
    const auto sample = [&](int64_t seed) {
        RequestOptions one = request(prompt(20), 16);
        one.sampling.temperature = 1.5f;
        one.sampling.seed = seed;
        return engine.run(one).tokens;
    };
    const std::vector<Token> first = sample(1);
    CHECK_EQ(first.size(), 16u);
    CHECK(sample(2) != first);
    CHECK(sample(1) == first);
}

TEST("cancelled between steps, the others go on and no page is lost") {
    TestEngine engine(as_on_a_gpu());
    std::vector<RequestId> ids;
    for (int i = 0; i < 12; ++i) {
        RequestOptions options = request(prompt(15 + i, i), 40);
        options.sampling.temperature = i % 3 == 0 ? 1.0f : 0.0f;
        ids.push_back(engine.engine->submit(std::move(options)));
    }
    for (size_t i = 0; i < ids.size(); i += 2) {
        engine.wait_tokens(ids[i], 3);
        engine.engine->cancel(ids[i]);
    }
    for (size_t i = 1; i < ids.size(); i += 2) CHECK_EQ(engine.wait(ids[i]).tokens.size(), 40u);
    CHECK_EQ(engine.integrity(), "");
}
