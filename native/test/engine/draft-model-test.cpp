// A draft model: what is said with one is what is said without, whichever model drafts; one that is the same model is
// nearly always right; one that cannot draft is refused at load, with what is wrong.
#include "draft-cases.h"

using namespace banyan;
using namespace banyan::test;

TEST("a model that drafts for itself is nearly always right, and the tokens are those without drafts") {
    TestEngine plain, drafted(drafting(model_path()));
    CHECK_EQ(drafted.engine->info().draft_model, model_path());
    CHECK(drafted.engine->info().draft_pool_bytes > 0 && drafted.engine->info().draft_model_bytes > 0);
    uint64_t n_steps = 0;
    for (int seed = 0; seed < 6; ++seed) {
        const RequestOptions asked = greedy(30 + 20 * seed, seed, 60);
        const Outcome expected = plain.run(asked), given = drafted.run(asked);
        CHECK(same_until_a_tie(given, expected));
        CHECK_EQ(given.tokens.size(), 60u);
        n_steps = drafted.stats().scheduler.steps;
    }
    const EngineStats stats = drafted.stats();
    CHECK(of_model(stats, false) > 150);
    CHECK(of_model(stats, true) * 100 >= of_model(stats, false) * 95);
    CHECK(n_steps * 2 < plain.stats().scheduler.steps);
    CHECK(stats.scheduler.draft_model_time > 0);
    CHECK_EQ(drafted.integrity(), "");
}

TEST("whichever model drafts: alone, together, forked, cancelled, preempted, sampled with a seed") {
    for (const char * name : {"other", "padded"}) CHECK(model_drafts_in_a_crowd(drafting(other_model(name))) > 100);
}

TEST("what requests share is read once: a second one with the same prompt costs the draft model its answer only") {
    TestEngine drafted(drafting(model_path()));
    const RequestOptions asked = greedy(1000, 1, 12);
    const Outcome first = drafted.run(asked);
    const Micros whole = drafted.stats().scheduler.draft_model_time;
    RequestOptions again = asked;
    again.prompt.push_back(77);
    const Outcome second = drafted.run(again);
    CHECK(second.usage.cached_tokens >= 999);
    CHECK_EQ(second.error, "");
    // A thousand tokens against a dozen: no machine is so busy that these are the same.
    CHECK(drafted.stats().scheduler.draft_model_time - whole < whole);
}

TEST("a request that wants no drafts has none of the model either") {
    TestEngine drafted(drafting(model_path()));
    RequestOptions asked = greedy(30, 1, 20);
    asked.draft_tokens = false;
    CHECK_EQ(drafted.run(asked).usage.drafted_tokens, 0);
    CHECK_EQ(of_model(drafted.stats(), false), 0u);
    asked = greedy(30, 2, 20);  // of which the tree knows nothing
    const Outcome with = drafted.run(asked);
    CHECK(with.usage.accepted_by[DraftKind::model] > 0);
    CHECK_EQ(with.usage.accepted_by[DraftKind::model], with.usage.accepted_tokens);
}

TEST("auto: the draft model works within what drafts may lose") {
    TestEngine plain, drafted(drafting(other_model("other"), DraftMode::automatic));
    for (int seed = 0; seed < 8; ++seed) {
        CHECK(same_until_a_tie(drafted.run(greedy(40, seed, 100)), plain.run(greedy(40, seed, 100))));
    }
    const SchedulerStats stats = drafted.stats().scheduler;
    CHECK(stats.draft_model_time >= 0 && stats.accepted_tokens <= stats.drafted_tokens);
    CHECK_EQ(drafted.integrity(), "");
}

TEST("an engine that closes while its draft model works ends") {
    for (int i = 0; i < 8; ++i) {
        TestEngine drafted(drafting(model_path()));
        const RequestId id = drafted.engine->submit(greedy(1500, i, 400));
        if (i % 2) drafted.wait_tokens(id, 1 + static_cast<size_t>(i));
        drafted.close();
    }
}

TEST("a draft model that cannot draft is refused, and the error names it") {
    CHECK_EQ(refused(other_model("merges"), "another vocabulary"), "INVALID_OPTION");
    CHECK_EQ(refused(other_model("tokens"), "instead of"), "INVALID_OPTION");
    CHECK_EQ(refused("/nowhere/draft.gguf", "the draft model"), "MODEL_NOT_FOUND");
    CHECK_EQ(refused("/bin/sh", "the draft model"), "MODEL_INVALID");
    CHECK_EQ(refused(other_model("hybrid"), "recurrent state"), "MODEL_UNSUPPORTED");
    CHECK_EQ(refused(other_model("bert"), "embedding model"), "MODEL_UNSUPPORTED");
    CHECK_EQ(refused(model_path(), "drafts are off", DraftMode::off), "INVALID_OPTION");
}
