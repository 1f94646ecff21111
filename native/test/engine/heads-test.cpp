// EAGLE-3 heads and MTP layers in an engine: what is said with one is what is said without; what a head cannot draft for
// is refused at load, with what is wrong, or told. runner/heads-test.cpp compares the drafts themselves with llama.cpp's.
#include "draft-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** A model with an MTP layer, which drafts for it. */
EngineOptions mtp_engine(DraftMode mode = DraftMode::always) {
    EngineOptions options = drafting("mtp", mode);
    options.model_path = other_model("mtp-model");
    return options;
}

}  // namespace

TEST("with a head: alone, together, forked, cancelled, preempted, sampled with a seed") {
    for (const char * name : {"head-own", "head-borrowing"}) {
        CHECK(model_drafts_in_a_crowd(drafting(other_model(name))) > 100);
    }
    CHECK(model_drafts_in_a_crowd(mtp_engine()) > 100);
}

TEST("a head's memory is told, and its time") {
    TestEngine plain, drafted(drafting(other_model("head-own")));
    const EngineInfo & info = drafted.engine->info();
    CHECK_EQ(info.draft_model, other_model("head-own"));
    CHECK_EQ(info.no_drafts_reason, "");
    CHECK(info.draft_model_bytes > 0);
    // K and V of one layer with a head of 32, and three hidden states of 128, each in 2 bytes.
    CHECK_EQ(info.draft_pool_bytes, 2048 * (2 * 32 + 3 * 128) * 2);
    const Outcome with = drafted.run(greedy(60, 1, 40)), without = plain.run(greedy(60, 1, 40));
    CHECK(same_until_a_tie(with, without));
    CHECK(with.usage.drafted_tokens > 20);
    CHECK(drafted.stats().scheduler.draft_model_time > 0);
}

TEST("a shared prefix has its hidden states: who comes back to it is drafted for") {
    TestEngine drafted(drafting(other_model("head-own")));
    const RequestOptions asked = greedy(500, 1, 12);
    drafted.run(asked);
    const uint64_t before = of_model(drafted.stats(), false);
    RequestOptions again = asked;
    again.prompt.resize(437);
    again.prompt.push_back(77);
    const Outcome second = drafted.run(again);
    CHECK(second.usage.cached_tokens >= 430);
    CHECK(of_model(drafted.stats(), false) > before + 10);
}

TEST("an MTP layer is among the model's weights; its memory is told") {
    TestEngine drafted(mtp_engine());
    const EngineInfo & info = drafted.engine->info();
    CHECK_EQ(info.draft_model, "mtp");
    CHECK_EQ(info.draft_model_bytes, 0);
    // K and V of one layer with two heads of 32, a hidden state of 128, in 2 bytes each.
    CHECK_EQ(info.draft_pool_bytes, 2048 * (2 * 2 * 32 + 128) * 2);
}

TEST("auto: a head works within what drafts may lose") {
    TestEngine plain, drafted(drafting(other_model("head-borrowing"), DraftMode::automatic));
    for (int seed = 0; seed < 8; ++seed) {
        CHECK(same_until_a_tie(drafted.run(greedy(40, seed, 100)), plain.run(greedy(40, seed, 100))));
    }
    CHECK_EQ(drafted.integrity(), "");
}

TEST("with exact not a bit differs") {
    EngineOptions exact = small_engine(), options = drafting(other_model("head-own"));
    exact.runner.exact = options.runner.exact = true;
    exact.model_path = options.model_path = other_model("q8");
    TestEngine plain(exact), drafted(options);
    for (int seed = 0; seed < 4; ++seed) {
        const Outcome with = drafted.run(greedy(50, seed, 60)), without = plain.run(greedy(50, seed, 60));
        CHECK(with.tokens == without.tokens);
        CHECK_EQ(with.logprobs.size(), without.logprobs.size());
        for (size_t i = 0; i < with.logprobs.size(); ++i) {
            CHECK(with.logprobs[i].top[0].logprob == without.logprobs[i].top[0].logprob);
        }
    }
}

TEST("an engine that closes while its head works ends") {
    for (int i = 0; i < 6; ++i) {
        TestEngine drafted(drafting(other_model("head-own")));
        const RequestId id = drafted.engine->submit(greedy(1500, i, 400));
        if (i % 2) drafted.wait_tokens(id, 1 + static_cast<size_t>(i));
        drafted.close();
    }
}

TEST("a head that was made for another model, or has tensors that do not fit, is refused") {
    CHECK_EQ(refused(other_model("head-wide-target"), "a hidden size of 256 instead of 128"), "INVALID_OPTION");
    CHECK_EQ(refused(other_model("head-deep-target"), "layer 9 of 2"), "INVALID_OPTION");
    CHECK_EQ(refused(other_model("head-bad-map"), "d2t"), "MODEL_INVALID");
    CHECK_EQ(refused(other_model("head-few-tokens"), "token embeddings are too few"), "MODEL_INVALID");
    CHECK_EQ(refused(other_model("head-own"), "drafts are off", DraftMode::off), "INVALID_OPTION");
    EngineOptions options = drafting(other_model("head-own"), DraftMode::automatic);
    options.model_path = other_model("qwen2");
    CHECK_EQ(refused(options, "does not tell what goes into the layers"), "MODEL_UNSUPPORTED");
    CHECK_EQ(refused("mtp", "has no MTP layers"), "INVALID_OPTION");
    options.model_path = other_model("merges");
    CHECK_EQ(refused(options, "another vocabulary"), "INVALID_OPTION");
    options.model_path = other_model("head-own");
    options.draft_model = "";
    std::string code;
    try {
        TestEngine engine(options);
    } catch (const Error & e) {
        code = e.code;
        CHECK(std::string(e.what()).find("draftModel") != std::string::npos);
    }
    CHECK_EQ(code, "MODEL_UNSUPPORTED");
}

TEST("a model that cannot draft says why, with a head as without") {
    EngineOptions options = drafting(other_model("head-own"), DraftMode::automatic);
    options.model_path = other_model("hybrid");
    TestEngine engine(options);
    CHECK(engine.engine->info().no_drafts_reason.find("recurrent") != std::string::npos);
    CHECK_EQ(engine.engine->info().draft_model, "");
}
