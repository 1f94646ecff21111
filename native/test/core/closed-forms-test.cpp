// What agents cost, exactly.
#include "fake-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

SchedulerConfig pool(int32_t n_pages) {
    SchedulerConfig config;
    config.n_pages = n_pages;
    return config;
}

std::vector<Token> joined(std::vector<Token> a, const std::vector<Token> & b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/** Runs one conversation of n_steps; every step's output is part of the next step's prompt. */
void converse(FakeEngine & engine, int32_t first, int32_t growth, int32_t n_steps, int32_t n_output) {
    std::vector<Token> prompt = tokens_of(1, first);
    for (RequestId id = 1; id <= static_cast<RequestId>(n_steps); ++id) {
        engine.submit(request(id, prompt), n_output);
        CHECK(engine.drain(1000));
        CHECK_EQ(engine.finished[id].usage.prompt_tokens, first + growth * static_cast<int32_t>(id - 1));
        prompt = joined(engine.finished[id].tokens, tokens_of(100 + id, growth - n_output));
    }
}

}  // namespace

TEST("5 agent steps of 200 tokens growing by 300 prefill 1,400 tokens, not 4,000") {
    FakeEngine engine(pool(256));
    converse(engine, 200, 300, 5, 1);
    CHECK_EQ(engine.scheduler.stats().prompt_tokens, 200u + 500 + 800 + 1100 + 1400);
    CHECK_EQ(engine.scheduler.stats().prefill_tokens, 1400u);
    CHECK_EQ(engine.scheduler.stats().decode_tokens, 0u);
}

TEST("generated tokens are never prefilled again") {
    FakeEngine engine(pool(256));
    const int32_t n_output = 100;
    converse(engine, 200, 300, 5, n_output);
    // Of a step's 100 tokens 99 went through the model as decodes; the last one opens the next step's prefill.
    const SchedulerStats stats = engine.scheduler.stats();
    CHECK_EQ(stats.decode_tokens, 5u * (n_output - 1));
    CHECK_EQ(stats.prefill_tokens, 1400u - 4u * (n_output - 1));
    CHECK_EQ(stats.prefill_tokens + stats.decode_tokens, 1400u + n_output - 1);
    CHECK_EQ(stats.pages_copied, 0u);
}

TEST("10 steps over a static prefix of 2,000 tokens prefill it once") {
    FakeEngine engine(pool(512));
    const std::vector<Token> prefix = tokens_of(7, 2000);
    for (RequestId id = 1; id <= 10; ++id) {
        engine.submit(request(id, joined(prefix, tokens_of(100 + id, 50))), 8);
        CHECK(engine.drain(1000));
        CHECK_EQ(engine.finished[id].usage.cached_tokens, id == 1 ? 0 : 2000);
    }
    CHECK_EQ(engine.scheduler.stats().prefill_tokens, 2000u + 10 * 50);
}

TEST("k siblings that arrive together prefill their shared prompt once") {
    FakeEngine engine(pool(512));
    const std::vector<Token> prompt = tokens_of(3, 1500);
    for (RequestId id = 1; id <= 8; ++id) engine.submit(request(id, prompt), 4);
    CHECK(engine.drain(1000));
    // All but the first compute the last token only: its logits are needed.
    CHECK_EQ(engine.scheduler.stats().prefill_tokens, 1500u + 7);
    CHECK_EQ(engine.scheduler.stats().dedupe_waits, 7u);
}

TEST("k siblings with different tails prefill the shared part once, across chunks") {
    for (int32_t shared : {40, 500, 530, 1023, 1500}) {
        FakeEngine engine(pool(512));
        for (RequestId id = 1; id <= 8; ++id) {
            engine.submit(request(id, joined(tokens_of(3, shared), tokens_of(50 + id, 70))), 4);
        }
        CHECK(engine.drain(1000));
        CHECK_EQ(engine.scheduler.stats().prefill_tokens, static_cast<uint64_t>(shared) + 8 * 70);
    }
}

TEST("an n-way fork copies at most n - 1 pages") {
    for (int32_t length : {1000, 1024, 1037}) {
        for (int32_t n : {2, 5, 8}) {
            FakeEngine engine(pool(512));
            engine.submit(request(1, tokens_of(5, length)), 20);
            CHECK(engine.drain(1000));
            const std::vector<Token> trunk = engine.finished[1].tokens;
            for (RequestId id = 2; id < static_cast<RequestId>(2 + n); ++id) {
                engine.submit(request(id, joined(trunk, tokens_of(50 + id, 60))), 10);
            }
            CHECK(engine.drain(1000));
            const SchedulerStats stats = engine.scheduler.stats();
            CHECK(stats.pages_copied <= static_cast<uint64_t>(n - 1));
            CHECK_EQ(stats.prefill_tokens, static_cast<uint64_t>(length) + n * 61);
        }
    }
}

TEST("1,000 parked conversations live on while 8 sequences run") {
    SchedulerConfig config = pool(1000 * 4 + 8 * 8);
    config.max_batch_tokens = 2048;
    FakeEngine engine(config);
    const std::vector<Token> system = tokens_of(9, 64);
    for (RequestId id = 1; id <= 1000; ++id) {
        engine.submit(request(id, joined(system, tokens_of(1000 + id, 40))), 8);
    }
    for (int i = 0; i < 4000 && !engine.scheduler.idle(); ++i) {
        engine.step();
        CHECK(engine.scheduler.stats().running <= 8);
    }
    CHECK(engine.scheduler.idle());
    CHECK_EQ(engine.scheduler.stats().pages_evicted, 0u);
    for (RequestId id = 1; id <= 1000; ++id) {
        const MissExplanation found = engine.scheduler.explain(0, engine.finished[id].tokens);
        CHECK_EQ(found.matched, 64 + 40 + 7);  // all but the last sampled token, which was never computed
    }
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}

TEST("a wholly cached prompt computes its last token only") {
    FakeEngine engine(pool(64));
    for (RequestId id = 1; id <= 3; ++id) {
        engine.submit(request(id, tokens_of(2, 333)), 1);
        CHECK(engine.drain(100));
    }
    CHECK_EQ(engine.finished[3].usage.cached_tokens, 332);
    CHECK_EQ(engine.finished[3].usage.computed_tokens, 1);
    CHECK(engine.finished[3].usage.miss.reason == MissExplanation::Reason::full_hit);
    CHECK_EQ(engine.scheduler.stats().prefill_tokens, 335u);
}
