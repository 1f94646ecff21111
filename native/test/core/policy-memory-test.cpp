// What is kept, for how long, and what goes first.
#include <algorithm>
#include <random>

#include "core/memory/prefix-cache.h"
#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

int32_t cached(const FakeEngine & engine, const std::vector<Token> & tokens) {
    return engine.scheduler.explain(0, tokens).matched;
}

Request turn_of(RequestId id, const std::vector<Token> & prompt, ProgramId program, Class cls = Class::workflow) {
    Request r = request(id, prompt, cls);
    r.program = program;
    return r;
}

Hint about(Hint::Kind kind, const std::vector<Token> & tokens, int32_t from = 0) {
    Hint h;
    h.kind = kind;
    h.tokens = tokens;
    h.from = from;
    return h;
}

}  // namespace

TEST("the victim has the least key, and static prefixes never go while abandoned pages exist (invariant 17)") {
    std::mt19937_64 rng(1);
    for (int round = 0; round < 60; ++round) {
        const CostModel cost({0, 1'000'000, 10'000, 0, 0});
        PrefixCache cache(200, 4);
        cache.configure(Eviction::typed, &cost);
        std::vector<std::unique_ptr<PathLock>> marks;
        std::vector<PageCopy> copies;
        for (int i = 0; i < 14; ++i) {
            std::vector<Token> path = tokens_of(rng() % 4, 8 + static_cast<int32_t>(rng() % 12));
            for (Token token : tokens_of(100 + i, 4 + static_cast<int32_t>(rng() % 20))) path.push_back(token);
            const int32_t n_tokens = static_cast<int32_t>(path.size());
            auto holding = cache.hold(0);
            const int32_t had = cache.acquire(*holding, path, n_tokens - 1);
            CHECK(cache.reserve(*holding, n_tokens - had, copies));
            cache.confirm(*holding);
            cache.commit(*holding, path);
            if (rng() % 2) {
                marks.push_back(std::make_unique<PathLock>(0, Holder::tree));
                cache.mark(*marks.back(), *holding);
                cache.set_keep(*marks.back(), static_cast<NodeKind>(2 + rng() % 3), static_cast<int32_t>(rng() % 5));
            }
            cache.release(*holding);
            if (rng() % 4 == 0) cache.abandon(0, path, 0, {});
            if (rng() % 5 == 0) cache.pin_static_prefix(0, path, 8);
        }
        auto taker = cache.hold(1);
        while (cache.available() > 0) {
            NodeKind least = NodeKind::fixed;
            cache.tree().visit([&](Salt, const RadixNode & node) {
                if (node.children.empty()) least = std::min(least, EvictionOrder::kind(node));
            });
            const RadixNode * victim = cache.tree().victim();
            if (victim) {
                CHECK(EvictionOrder::kind(*victim) == least);
                cache.tree().visit([&](Salt, const RadixNode & node) {
                    if (node.children.empty()) CHECK(!(node.key < victim->key));
                });
            }
            CHECK(cache.reserve(*taker, 1, copies));
            cache.confirm(*taker);
            CHECK_EQ(cache.check_integrity(), "");
        }
        cache.release(*taker);
        for (const auto & mark : marks) cache.unmark(*mark);
    }
}

TEST("typed eviction: what ended goes before what waits for a tool, which least recently used would not know") {
    for (Eviction mode : {Eviction::typed, Eviction::lru}) {
        SchedulerConfig config = pool(40, 8, 4);
        config.policy.eviction = mode;
        FakeEngine engine(config);
        engine.submit(turn_of(1, tokens_of(1, 80), 5), 3);  // will be back
        CHECK(engine.drain(50));
        for (RequestId id = 2; id <= 3; ++id) engine.submit(turn_of(id, tokens_of(id, 80), 10 + id), 3);
        CHECK(engine.drain(50));
        Hint over;
        for (ProgramId program : {12, 13}) engine.scheduler.hint(program, over, engine.now);
        engine.submit(request(9, 120, Class::interactive), 3);
        CHECK(engine.drain(50));
        CHECK_EQ(cached(engine, tokens_of(1, 80)) == 80, mode == Eviction::typed);
    }
}

TEST("an abandoned branch goes first, its trunk stays") {
    FakeEngine engine(pool(40, 8, 4));
    engine.submit(request(1, tokens_of(1, 100), Class::interactive), 1);
    engine.submit(request(2, tokens_of(2, 100), Class::interactive), 1);
    CHECK(engine.drain(50));
    CHECK(engine.scheduler.hint(0, about(Hint::Kind::abandoned, tokens_of(2, 100), 40), engine.now) == HintError::none);
    engine.submit(request(3, 150, Class::interactive), 1);
    CHECK(engine.drain(50));
    CHECK_EQ(cached(engine, tokens_of(1, 100)), 100);  // older, and yet there
    CHECK(cached(engine, tokens_of(2, 100)) >= 40 && cached(engine, tokens_of(2, 100)) < 100);
}

TEST("system and tools are the last to go") {
    FakeEngine engine(pool(40, 8, 4));
    Request agent = request(1, tokens_of(1, 100), Class::interactive);
    agent.static_tokens = 60;
    engine.submit(agent, 1);
    CHECK(engine.drain(50));
    for (RequestId id = 2; id <= 12; ++id) {
        engine.submit(request(id, 120, Class::interactive), 1);
        CHECK(engine.drain(50));
    }
    CHECK_EQ(cached(engine, tokens_of(1, 100)), 60);
}

TEST("with memory to spare a program re-prefills nothing, whatever ran in its gap (invariant 15)") {
    std::mt19937_64 rng(2);
    for (int round = 0; round < 40; ++round) {
        SchedulerConfig config = pool(400, 8, 6);
        if (rng() % 2) config.policy.cost = {1'000'000'000, 5'000'000, 100'000, 1'000, 1'000'000};
        FakeEngine engine(config);
        std::vector<Token> main = tokens_of(1, 200);
        RequestId id = 1;
        for (int turn = 0; turn < 5; ++turn) {
            const RequestId mine = id++;
            engine.submit(turn_of(mine, main, 1), 5);
            while (engine.finished.count(mine) == 0) engine.step();
            // All that was computed is cached; of the output the last token never was.
            if (turn > 0)
                CHECK_EQ(engine.finished[mine].usage.prompt_tokens - engine.finished[mine].usage.cached_tokens, 31);
            main = engine.finished[mine].tokens;
            for (Token token : tokens_of(50 + turn, 30)) main.push_back(token);
            for (int sub = 0; sub < 3; ++sub) {  // sub-agents with prompts of their own
                const RequestId other = id++;
                engine.submit(turn_of(other, tokens_of(1000 + other, 100), 100 + other, static_cast<Class>(rng() % 3)),
                              4);
            }
            CHECK(engine.drain(1000));
            engine.now += static_cast<Micros>(rng() % 30'000'000);
        }
        CHECK_EQ(engine.scheduler.stats().resume_hits, engine.scheduler.stats().resume_tokens);
    }
}

TEST("demand over the watermark pauses idle programs of the worse classes, never interactive ones") {
    SchedulerConfig config = pool(200, 8, 8);
    config.policy.cost = {1'000'000'000, 5'000'000, 100'000, 1'000, 1'000'000};
    FakeEngine engine(config);
    RequestId id = 1;
    std::map<ProgramId, std::vector<Token>> contexts;
    for (ProgramId p = 1; p <= 40; ++p) contexts[p] = tokens_of(p, 60);
    for (int turn = 0; turn < 6; ++turn) {
        for (auto & [p, context] : contexts) {
            engine.submit(turn_of(id++, context, p, static_cast<Class>(p % 3)), 4);
            for (Token token : tokens_of(id, 20)) context.push_back(token);
            engine.step();
        }
        for (int i = 0; i < 60 && !engine.scheduler.idle(); ++i) engine.step();
        CHECK_EQ(engine.scheduler.check_integrity(), "");
    }
    CHECK(engine.drain(50'000));
    const SchedulerStats stats = engine.scheduler.stats();
    CHECK(stats.decisions[static_cast<size_t>(Decision::Kind::pause)] > 0);
    CHECK(stats.window >= 1);
    for (const auto & [p, context] : contexts) {
        CHECK_EQ(engine.scheduler.program(p)->calls, 6);
        if (p % 3 == 0) CHECK_EQ(engine.scheduler.program(p)->pauses, 0);
    }
}

TEST("tools that are named, parallel and human waits are measured; the report says how long it all took") {
    FakeEngine engine(pool(64));
    RequestId id = 1;
    for (int turn = 0; turn < 12; ++turn) {
        engine.submit(turn_of(id++, tokens_of(1, 100 + turn), 3), 2);
        CHECK(engine.drain(20));
        Hint h;
        h.kind = Hint::Kind::tool_started;
        for (const char * tool : {"bash", "fetch"}) {
            h.tool = tool;
            CHECK(engine.scheduler.hint(3, h, engine.now) == HintError::none);
        }
        engine.now += 400'000;
        h.kind = Hint::Kind::tool_ended;
        h.tool = "bash";
        CHECK(engine.scheduler.hint(3, h, engine.now) == HintError::none);
        CHECK(engine.scheduler.hint(3, h, engine.now) == HintError::unknown_tool);
        engine.now += 600'000;
        h.tool = "fetch";
        CHECK(engine.scheduler.hint(3, h, engine.now) == HintError::none);
    }
    CHECK(engine.scheduler.hint(77, Hint{}, engine.now) == HintError::unknown_program);
    engine.submit(turn_of(id++, tokens_of(1, 200), 3), 2);
    CHECK(engine.drain(20));
    CHECK(engine.scheduler.program(3)->acting >= 12 * 1'000'000);
    CHECK(engine.scheduler.program(3)->phase == Phase::acting);
    CHECK_EQ(engine.scheduler.program(3)->retention.ttl, 10'000'000);  // not calibrated: the default
    CHECK(engine.scheduler.hint(3, Hint{}, engine.now) == HintError::none);
    CHECK(engine.scheduler.program(3)->phase == Phase::finished);
    CHECK_EQ(engine.scheduler.stats().programs, 0);
}
