// What the tests of draft models and of heads have in common: engines that draft, and answers that are compared.
#pragma once

#include <string>
#include <vector>

#include "test-engine.h"

namespace banyan::test {

inline std::string other_model(const char * name) {
    const char * dir = std::getenv("BANYAN_TEST_DRAFTS");
    if (dir) return std::string(dir) + "/draft-" + name + ".gguf";
    std::fprintf(stderr, "BANYAN_TEST_DRAFTS is not set: run this through ctest\n");
    std::exit(1);
}

inline EngineOptions drafting(const std::string & draft_model, DraftMode mode = DraftMode::always) {
    EngineOptions options = small_engine();
    options.draft_tokens = mode;
    options.draft_model = draft_model;
    return options;
}

inline RequestOptions greedy(int n_prompt, int seed, int32_t n) {
    RequestOptions options = request(prompt(n_prompt, seed), n);
    options.sampling.temperature = 0;
    options.sampling.logprobs = 2;
    return options;
}

/**
 * The same tokens, or the same until the two likeliest were as likely but for rounding: steps of many rows are added up
 * in another order.
 */
inline bool same_until_a_tie(const Outcome & given, const Outcome & expected) {
    for (size_t i = 0; i < expected.tokens.size(); ++i) {
        if (i < given.tokens.size() && given.tokens[i] == expected.tokens[i]) continue;
        const TokenLogprob & at = expected.logprobs[i];
        return at.top[0].logprob - at.top[1].logprob < 1e-3;
    }
    return given.tokens.size() == expected.tokens.size();
}

inline uint64_t of_model(const EngineStats & stats, bool accepted) {
    PerDraftKind<uint64_t> by = accepted ? stats.scheduler.accepted_by : stats.scheduler.drafted_by;
    return by[DraftKind::model];
}

/**
 * Requests that take pages from each other and from the cache, share prefixes and tails, are cancelled and sampled with
 * a seed: all say what they say without drafts. Returns how many tokens the model drafted.
 */
inline uint64_t model_drafts_in_a_crowd(EngineOptions options) {
    EngineOptions roomy = options;
    roomy.draft_model = "";
    roomy.draft_tokens = DraftMode::off;
    options.runner.kv_tokens = 640;
    TestEngine plain(roomy), drafted(options);
    std::vector<RequestOptions> asked;
    for (int i = 0; i < 24; ++i) {
        // Of each four the first 40 tokens are the same, and the tail page of the second is shared.
        RequestOptions one = greedy(40, i / 4, 20 + i);
        for (int k = 0; k < i % 4 * 7; ++k) one.prompt.push_back(20 + i * 3 + k);
        asked.push_back(one);
    }
    std::vector<RequestId> ids, cancelled;
    for (size_t i = 0; i < asked.size(); ++i) {
        ids.push_back(drafted.engine->submit(asked[i]));
        if (i % 5 == 0) cancelled.push_back(drafted.engine->submit(greedy(35, static_cast<int>(i / 4), 200)));
    }
    for (const RequestId id : cancelled) {
        drafted.wait_tokens(id, 2);
        drafted.engine->cancel(id);
    }
    for (size_t i = 0; i < asked.size(); ++i) {
        const Outcome given = drafted.wait(ids[i]);
        CHECK_EQ(given.error, "");
        CHECK(same_until_a_tie(given, plain.run(asked[i])));
    }
    for (const RequestId id : cancelled) drafted.wait(id);
    RequestOptions sampled = request(prompt(30), 40);
    sampled.sampling.temperature = 1.2f;
    sampled.sampling.seed = 4;
    CHECK(drafted.run(sampled).tokens == plain.run(sampled).tokens);
    CHECK_EQ(drafted.integrity(), "");
    const SchedulerStats stats = drafted.stats().scheduler;
    CHECK_EQ(stats.pages_free + stats.pages_cached, stats.pages_total);
    return of_model(drafted.stats(), false);
}

/** The code with which an engine of these options is refused, in such words, for its draft model. */
inline std::string refused(const EngineOptions & options, const char * words) {
    try {
        TestEngine engine(options);
    } catch (const Error & e) {
        CHECK_EQ(e.field, "draftModel");
        const bool said = std::string(e.what()).find(words) != std::string::npos;
        if (!said) std::fprintf(stderr, "%s\n", e.what());
        CHECK(said);
        return e.code;
    }
    return "";
}
inline std::string refused(const std::string & path, const char * words, DraftMode mode = DraftMode::automatic) {
    return refused(drafting(path, mode), words);
}

}  // namespace banyan::test
