// Engine: what requests get back, and what happens when they are cancelled, too many, or the engine closes.
#include <filesystem>
#include <iterator>
#include <thread>

#include "test-engine.h"

using namespace banyan;
using namespace banyan::test;

TEST("a greedy request is the same every time, cached or not") {
    TestEngine engine;
    const Outcome first = engine.run(request(prompt(50)));
    const Outcome second = engine.run(request(prompt(50)));
    CHECK_EQ(first.tokens.size(), 8u);
    CHECK(first.tokens == second.tokens);
    CHECK(first.text == second.text);
    CHECK(first.reason == FinishReason::length);
    CHECK_EQ(first.usage.cached_tokens, 0);
    CHECK_EQ(second.usage.cached_tokens, 49);
    CHECK_EQ(second.usage.prompt_tokens, 50);
    CHECK_EQ(second.usage.output_tokens, 8);
    CHECK(second.usage.ttft() > 0 && second.usage.itl_ms() > 0 && second.usage.total() >= second.usage.ttft());
}

TEST("text is what the tokens say, and the message holds all of it") {
    TestEngine engine;
    const Outcome out = engine.run(request(prompt(20), 30));
    CHECK(out.text == out.message.content);
    CHECK_EQ(out.message.tool_calls.size(), 0u);
}

TEST("a stop string ends the output in front of it") {
    TestEngine engine;
    const std::string text = engine.run(request(prompt(20), 30)).text;
    RequestOptions options = request(prompt(20), 30);
    options.stop = {text.substr(text.size() / 2, 3)};
    const Outcome out = engine.run(options);
    CHECK(out.reason == FinishReason::stop_sequence);
    CHECK_EQ(out.text, text.substr(0, text.find(options.stop[0])));
}

TEST("log-probabilities: the greedy token is the likeliest, all are at most 0") {
    TestEngine engine;
    RequestOptions options = request(prompt(20), 5);
    options.sampling.logprobs = 3;
    const Outcome out = engine.run(options);
    CHECK_EQ(out.logprobs.size(), 5u);
    for (size_t i = 0; i < out.logprobs.size(); ++i) {
        const TokenLogprob & entry = out.logprobs[i];
        CHECK_EQ(entry.token, out.tokens[i]);
        CHECK_EQ(entry.top.size(), 3u);
        CHECK_EQ(entry.top[0].token, entry.token);
        CHECK(entry.logprob <= 0 && entry.top[0].logprob >= entry.top[1].logprob);
    }
}

TEST("the same seed gives the same sample, another seed another") {
    TestEngine engine;
    const auto sample = [&](int64_t seed) {
        RequestOptions options = request(prompt(20), 16);
        options.sampling.temperature = 1.5f;
        options.sampling.seed = seed;
        return engine.run(options).tokens;
    };
    CHECK(sample(1) == sample(1));
    CHECK(sample(1) != sample(2));
}

TEST("a grammar decides what may be said, and its end is the end") {
    TestEngine engine;
    RequestOptions options = request(prompt(20), 30);
    options.ignore_eos = false;
    options.grammar = "root ::= \"ab\" [0-9] \"c\"";
    const Outcome out = engine.run(options);
    CHECK(out.reason == FinishReason::stop);
    CHECK_EQ(out.text.size(), 4u);
    CHECK_EQ(out.text.substr(0, 2), "ab");
    CHECK_EQ(out.text.substr(3), "c");
}

TEST("a JSON schema holds") {
    TestEngine engine;
    RequestOptions options = request(prompt(20), 200);
    options.ignore_eos = false;
    options.json_schema =
        R"({"type":"object","properties":{"n":{"enum":[1,22]}},"required":["n"],"additionalProperties":false})";
    const Outcome out = engine.run(options);
    CHECK(out.reason == FinishReason::stop);
    CHECK(out.text.find("\"n\"") != std::string::npos);
}

TEST("what cannot run is refused at submit, with a code") {
    TestEngine engine;
    const auto refused = [&](auto change) {
        RequestOptions options = request(prompt(20));
        change(options);
        return code_of([&] { engine.engine->submit(options); });
    };
    CHECK_EQ(refused([](RequestOptions & o) { o.prompt.clear(); }), "INVALID_OPTION");
    CHECK_EQ(refused([](RequestOptions & o) { o.prompt[3] = 1 << 20; }), "INVALID_OPTION");
    CHECK_EQ(refused([](RequestOptions & o) { o.prompt = prompt(2048); }), "PROMPT_TOO_LONG");
    CHECK_EQ(refused([](RequestOptions & o) { o.grammar = "root ::= nowhere"; }), "INVALID_GRAMMAR");
    CHECK_EQ(refused([](RequestOptions & o) { o.grammar = "root ::= root \"a\""; }), "INVALID_GRAMMAR");
    CHECK_EQ(refused([](RequestOptions & o) { o.json_schema = "{"; }), "INVALID_SCHEMA");
    CHECK_EQ(refused([](RequestOptions & o) { o.json_schema = R"({"type":"string","pattern":"a+"})"; }),
             "INVALID_SCHEMA");
    CHECK_EQ(refused([](RequestOptions & o) {
                 o.grammar = "root ::= \"a\"";
                 o.json_schema = "{}";
             }),
             "INVALID_OPTION");
    CHECK_EQ(engine.run(request(prompt(20))).tokens.size(), 8u);
}

TEST("a request that is cancelled after any number of tokens has streamed all that its answer holds") {
    TestEngine engine;
    for (int32_t n = 1; n <= 40; ++n) {
        const RequestId id = engine.engine->submit(request(prompt(20, n), 1000));
        engine.wait_tokens(id, n);
        CHECK(engine.engine->cancel(id));
        const Outcome out = engine.wait(id);
        CHECK(out.reason == FinishReason::cancelled);
        CHECK_EQ(out.text, out.message.content);
    }
}

TEST("cancel: waiting, prefilling, decoding, unknown") {
    TestEngine engine;
    const RequestId decoding = engine.engine->submit(request(prompt(20), 1000));
    engine.wait_tokens(decoding, 3);
    const RequestId fresh = engine.engine->submit(request(prompt(1500, 1), 400));
    CHECK(engine.engine->cancel(fresh));
    CHECK(engine.engine->cancel(decoding));
    const Outcome out = engine.wait(decoding);
    CHECK(out.reason == FinishReason::cancelled);
    CHECK(out.text == out.message.content);
    CHECK(engine.wait(fresh).reason == FinishReason::cancelled);
    CHECK(!engine.engine->cancel(decoding));
    CHECK(!engine.engine->cancel(9999));
    CHECK_EQ(engine.integrity(), "");
}

TEST("200 requests, a third of them cancelled: each ends once, no page is lost") {
    TestEngine engine;
    std::vector<RequestId> ids;
    for (int i = 0; i < 200; ++i) {
        ids.push_back(engine.engine->submit(request(prompt(10 + i % 90, i % 7), 5 + i % 40)));
        if (i % 3 == 0) engine.engine->cancel(ids[static_cast<size_t>(i) / 2]);
    }
    for (const RequestId id : ids) {
        const Outcome out = engine.wait(id);
        CHECK_EQ(out.error, "");
        CHECK(out.reason == FinishReason::length || out.reason == FinishReason::cancelled);
    }
    const SchedulerStats stats = engine.stats().scheduler;
    CHECK_EQ(stats.waiting + stats.running, 0);
    CHECK_EQ(stats.pages_free + stats.pages_cached, stats.pages_total);
    CHECK_EQ(engine.integrity(), "");
}

TEST("pins, explanations and clearing the cache") {
    TestEngine engine;
    engine.run(request(prompt(64)));
    std::vector<Token> other = prompt(64);
    other[40] = 9;
    const auto miss = engine.ask<MissExplanation>([&](auto done) { engine.engine->explain("", other, done); });
    CHECK_EQ(miss.matched, 40);
    CHECK(miss.reason == MissExplanation::Reason::diverged);
    const auto strange = engine.ask<MissExplanation>([&](auto done) { engine.engine->explain("tenant", other, done); });
    CHECK_EQ(strange.matched, 0);

    using Pin = std::pair<uint64_t, int32_t>;
    const Pin pin = engine.ask<Pin>([&](auto done) {
        engine.engine->pin("", prompt(64), 60'000'000, 1, [done](uint64_t id, int32_t tokens) { done({id, tokens}); });
    });
    CHECK(pin.first != 0 && pin.second > 0);
    engine.ask<int32_t>([&](auto done) { engine.engine->clear_cache(done); });
    CHECK(engine.run(request(prompt(64))).usage.cached_tokens > 0);
    CHECK(engine.ask<bool>([&](auto done) { engine.engine->unpin(pin.first, done); }));
    CHECK(!engine.ask<bool>([&](auto done) { engine.engine->unpin(pin.first, done); }));
    engine.ask<int32_t>([&](auto done) { engine.engine->clear_cache(done); });
    CHECK_EQ(engine.run(request(prompt(64))).usage.cached_tokens, 0);
}

TEST("tenants: the names of very many are forgotten, never mixed; endless ones are refused") {
    TestEngine engine;
    const auto matched = [&](const std::string & tenant) {
        const auto miss =
            engine.ask<MissExplanation>([&](auto done) { engine.engine->explain(tenant, prompt(64), done); });
        return miss.matched;
    };
    RequestOptions options = request(prompt(64));
    options.salt = "first";
    engine.run(options);
    CHECK(matched("first") > 0);
    for (int i = 0; i < (1 << 16) - 1; ++i) {
        engine.engine->explain("tenant " + std::to_string(i), {}, [](const MissExplanation &) {});
    }
    CHECK(matched("first") > 0);
    for (int i = 0; i < 1 << 16; ++i) {
        engine.engine->explain("other " + std::to_string(i), {}, [](const MissExplanation &) {});
    }
    CHECK_EQ(matched("first"), 0);
    CHECK_EQ(matched("other 1"), 0);
    options.salt = std::string(2000, 'x');
    CHECK_EQ(code_of([&] { engine.engine->submit(options); }), "INVALID_OPTION");
}

TEST("close ends what runs with an event, and what follows is refused") {
    TestEngine engine;
    std::vector<RequestId> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(engine.engine->submit(request(prompt(100, i), 500)));
    engine.wait_tokens(ids[0], 1);
    engine.close();
    for (const RequestId id : ids) CHECK(engine.wait(id).reason == FinishReason::cancelled);
    CHECK_EQ(code_of([&] { engine.engine->submit(request(prompt(5))); }), "CLOSED");
    CHECK_EQ(code_of([&] { engine.engine->stats([](EngineStats) {}); }), "CLOSED");
    CHECK(!engine.engine->close([] {}));
}

TEST("stop in the middle of a step returns, and publishes nothing more") {
    for (int round = 0; round < 10; ++round) {
        TestEngine engine;
        for (int i = 0; i < 8; ++i) engine.engine->submit(request(prompt(200, i), 500));
        if (round % 2) engine.wait_tokens(1, 1);
        engine.engine->stop();
        engine.engine->stop();
    }
}

TEST("two engines in one process do not know of each other") {
    TestEngine one, two;
    const RequestId a = one.engine->submit(request(prompt(60), 40));
    const RequestId b = two.engine->submit(request(prompt(60), 40));
    CHECK(one.wait(a).tokens == two.wait(b).tokens);
    CHECK_EQ(two.stats().scheduler.cached_tokens, 0u);
}

TEST("logprobs of a prompt are those that its tokens had when they were said, alone and in company") {
    TestEngine engine;
    RequestOptions said = request(prompt(20), 40);
    said.sampling.logprobs = 2;
    const Outcome answer = engine.run(said);
    std::vector<Token> whole = prompt(20);
    whole.insert(whole.end(), answer.tokens.begin(), answer.tokens.end());
    for (int company : {0, 3}) {
        std::vector<RequestId> ids;
        for (int i = 0; i <= company; ++i) {
            RequestOptions scored = request(whole, 1);
            scored.prompt_logprobs = 2;
            ids.push_back(engine.engine->submit(scored));
            if (i > 0) engine.engine->submit(request(prompt(30, i), 8));
        }
        for (const RequestId id : ids) {
            const Outcome scores = engine.wait(id);
            CHECK_EQ(scores.prompt_logprobs.size(), whole.size() - 1);
            CHECK_EQ(scores.usage.cached_tokens, 0);
            for (size_t i = 0; i < scores.prompt_logprobs.size(); ++i) {
                CHECK_EQ(scores.prompt_logprobs[i].token, whole[i + 1]);
            }
            for (size_t i = 0; i < answer.logprobs.size(); ++i) {
                const TokenLogprob & score = scores.prompt_logprobs[19 + i];
                CHECK(std::abs(score.logprob - answer.logprobs[i].logprob) < 0.02);
                CHECK_EQ(score.top.size(), 2u);
            }
        }
    }
}

TEST("a bias is added to a token's logit; logprobs are without it") {
    TestEngine engine;
    RequestOptions plain = request(prompt(20), 6);
    plain.sampling.logprobs = 0;
    const Outcome before = engine.run(plain);
    RequestOptions forced = plain;
    forced.sampling.biases = {{before.tokens[0], -100}, {77, 60}, {77, 40}};
    const Outcome after = engine.run(forced);
    CHECK(after.tokens == std::vector<Token>(6, 77));
    for (const TokenLogprob & entry : after.logprobs) CHECK(entry.logprob < -0.5f && entry.logprob > -60);
    RequestOptions wrong = plain;
    wrong.sampling.biases = {{1 << 20, 1}};
    CHECK_EQ(code_of([&] { engine.engine->submit(wrong); }), "INVALID_OPTION");
}

TEST("no token at all: the prompt is computed and cached, the answer is empty") {
    TestEngine engine;
    const Outcome warmed = engine.run(request(prompt(50), 0));
    CHECK(warmed.reason == FinishReason::length);
    CHECK(warmed.tokens.empty() && warmed.text.empty());
    CHECK_EQ(warmed.usage.computed_tokens, 50);
    CHECK_EQ(warmed.usage.output_tokens, 0);
    const Outcome next = engine.run(request(prompt(50), 3));
    CHECK(next.usage.cached_tokens >= 48);
    CHECK_EQ(engine.integrity(), "");
}

TEST("an engine without work gives its threads up, and answers again as before") {
    const auto n_threads = [] {
        std::error_code failed;
        const std::filesystem::directory_iterator tasks("/proc/self/task", failed);
        return failed ? 0 : std::distance(begin(tasks), end(tasks));
    };
    EngineOptions options = small_engine();
    options.runner.threads = 2;
    TestEngine engine(options);
    const auto before = n_threads();
    const Outcome first = engine.run(request(prompt(50)));
    // At once or, on a busy machine, in a while: else this ends by the test's time limit.
    while (n_threads() > before) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(engine.run(request(prompt(50))).tokens == first.tokens);
}
