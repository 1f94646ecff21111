#include "cuda/token-rounds.h"

namespace banyan::test {

namespace {

constexpr int kTokens = 32;

const char * const kText =
    "The fig tree that is called banyan begins its life on another tree. Its roots grow down from the branches; where "
    "they reach the ground they become trunks, and in a hundred years one tree can look like a grove. A village can "
    "hold "
    "its market in its shade, a school its lessons. Ships' crews told of it, botanists drew it, and a garden near "
    "Kolkata has one with more than three thousand trunks, whose first trunk is gone for a century already. ";

/** n tokens of the text above, from another place of it for each seed. */
std::vector<Token> words(const Model & model, int n, int seed) {
    const std::vector<Token> text = model.tokenize(kText, false, false);
    std::vector<Token> tokens;
    for (int i = 0; i < n; ++i) tokens.push_back(text[(seed * 17 + i) % text.size()]);
    return tokens;
}

RequestOptions asking(std::vector<Token> prompt, int logprobs = -1) {
    RequestOptions options = test::request(std::move(prompt), kTokens);
    options.sampling.logprobs = logprobs;
    return options;
}

std::vector<Token> joined(std::vector<Token> a, const std::vector<Token> & b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

EngineOptions options_of(const std::string & model) {
    EngineOptions options;
    options.model_path = model;
    options.calibrate = false;
    options.runner.threads = 2;  // sixteen wait longer for each other than they compute
    options.runner.page_tokens = 16;
    options.runner.max_running = 16;
    options.runner.max_batch_tokens = 256;
    return options;
}

}  // namespace

EngineOptions roomy(const std::string & model) {
    EngineOptions options = options_of(model);
    options.runner.kv_tokens = 16384;
    return options;
}

EngineOptions crowded(const std::string & model) {
    EngineOptions options = options_of(model);
    options.runner.kv_tokens = 384;
    options.prefix_cache = false;
    return options;
}

std::vector<Round> first_rounds(const Model & model) {
    Round cold{"cold", {}}, explained{"log-probabilities", {}};
    for (const int n : {5, 17, 32, 48, 90, 150, 220, 300}) {
        cold.requests.push_back(asking(words(model, n, n)));
        explained.requests.push_back(asking(words(model, n, n), 20));
    }
    return {cold, explained};
}

std::vector<Round> later_rounds(const Model & model, const Round & first, const std::vector<Outcome> & answers) {
    Round turns{"second turn", {}}, forks{"fork", {}};
    for (size_t i = 0; i < answers.size(); ++i) {
        const std::vector<Token> history = joined(first.requests[i].prompt, answers[i].tokens);
        turns.requests.push_back(asking(joined(history, words(model, 20, 3))));
    }
    for (int i = 0; i < 6; ++i) {
        forks.requests.push_back(asking(joined(words(model, 201, 8), words(model, 3 + i, i))));
        forks.requests.back().group = 1;
        forks.requests.back().group_size = 6;
    }
    return {turns, forks};
}

Round crowd(const Model & model) {
    Round round{"too few pages", {}};
    for (int i = 0; i < 16; ++i) round.requests.push_back(asking(words(model, 60 + i * 37 % 100, i)));
    return round;
}

std::vector<Outcome> run(TestEngine & engine, const Round & round, RoundEffects & effects) {
    std::vector<RequestId> ids;
    for (const RequestOptions & options : round.requests) ids.push_back(engine.engine->submit(options));
    std::vector<Outcome> answers;
    for (const RequestId id : ids) {
        answers.push_back(engine.wait(id));
        effects.cached_tokens += answers.back().usage.cached_tokens;
        effects.preemptions += answers.back().usage.preemptions;
    }
    return answers;
}

}  // namespace banyan::test
