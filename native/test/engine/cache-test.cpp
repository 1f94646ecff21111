// Pages that outlive the engine: what a second one finds on disk, and what of it may never be used.
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "cache-cases.h"
#include "check.h"

using namespace banyan;
using namespace banyan::test;

namespace {

struct TempDir {
    std::string path;
    TempDir() {
        std::string name = (std::filesystem::temp_directory_path() / "banyan-cache-XXXXXX").string();
        if (!mkdtemp(name.data())) std::abort();
        path = name;
    }
    ~TempDir() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST("after a restart only the last page is computed, and the answer is the same") {
    const TempDir dir;
    Outcome first;
    {
        TestEngine engine(cached(dir.path));
        CHECK_EQ(engine.engine->info().cache_reason, "");
        first = engine.run(agent_step());
        CHECK_EQ(on_disk(first), 0);
        engine.close();
    }
    TestEngine engine(cached(dir.path));
    // What is on disk is told soon after the load; until then a request would compute it.
    while (engine.stats().disk.pages < 37) {
    }
    const Outcome second = engine.run(agent_step());
    CHECK(second.tokens == first.tokens);
    CHECK_EQ(on_disk(second), 592);
    CHECK_EQ(second.usage.computed_tokens, 8 + 11);  // the last page, and the answer but for its last token
    CHECK_EQ(engine.integrity(), "");
    engine.close();
    // The second run of the same prompt writes nothing.
    TestEngine again(cached(dir.path));
    while (again.stats().disk.pages < 37) {
    }
    again.run(agent_step());
    CHECK_EQ(again.stats().disk.stores, 0);
}

TEST("another tenant's pages, another cache type's and another page size's are not used") {
    const TempDir dir;
    Outcome first;
    {
        TestEngine engine(cached(dir.path));
        RequestOptions mine = agent_step();
        mine.salt = "mine";
        first = engine.run(mine);
        engine.close();
    }
    {
        TestEngine engine(cached(dir.path));
        while (engine.stats().disk.pages < 37) {
        }
        RequestOptions theirs = agent_step();
        theirs.salt = "theirs";
        const Outcome other = engine.run(theirs);
        CHECK_EQ(on_disk(other), 0);
        CHECK(other.tokens == first.tokens);
        RequestOptions mine = agent_step();
        mine.salt = "mine";
        CHECK_EQ(on_disk(engine.run(mine)), 592);
    }
    EngineOptions types = cached(dir.path), pages = cached(dir.path);
    types.runner.type_k = KvType::q8_0;
    pages.runner.page_tokens = 32;
    for (const EngineOptions & options : {types, pages}) {
        TestEngine engine(options);
        RequestOptions mine = agent_step();
        mine.salt = "mine";
        CHECK_EQ(on_disk(engine.run(mine)), 0);
        CHECK_EQ(engine.stats().disk.loads, 0);
    }
}

TEST("pages that the pool lost come back from disk") {
    const TempDir dir;
    TestEngine engine(cached(dir.path));
    std::vector<Outcome> first;
    // 8 agents of 600 tokens in a pool of 2048.
    for (uint32_t agent = 1; agent <= 8; ++agent) first.push_back(engine.run(agent_step(agent, agent)));
    for (uint32_t agent = 1; agent <= 8; ++agent) first.push_back(engine.run(agent_step(agent, agent)));
    int64_t hits = 0, computed = 0;
    for (uint32_t agent = 1; agent <= 8; ++agent) {
        const Outcome outcome = engine.run(agent_step(agent, agent));
        CHECK(outcome.tokens == first[agent - 1].tokens);
        hits += on_disk(outcome);
        computed += outcome.usage.computed_tokens;
    }
    CHECK(hits > 8 * 300);
    CHECK(computed < 8 * 300);
    CHECK_EQ(engine.integrity(), "");
}

TEST("what a request leaves is written by an engine that has nothing else to do") {
    const TempDir dir;
    TestEngine engine(cached(dir.path));
    RequestOptions request = agent_step();
    request.durable = true;
    engine.run(request);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (engine.stats().disk.stores < 38 && std::chrono::steady_clock::now() < give_up) {
    }
    CHECK_EQ(engine.stats().disk.stores, 38);  // of 600 + 11 tokens
}

TEST("what a hint asks for is read by an engine that has nothing else to do") {
    const TempDir dir;
    {
        TestEngine engine(cached(dir.path));
        engine.run(agent_step());
        engine.close();
    }
    TestEngine engine(cached(dir.path));
    while (engine.stats().disk.pages < 37) {
    }
    HintOptions options;
    options.hint.kind = Hint::Kind::next_prefix;
    options.hint.tokens = agent_step().prompt;
    engine.engine->hint(9, options);
    while (engine.stats().scheduler.pages_loaded + engine.stats().scheduler.pages_late < 37) {
    }
    CHECK(engine.stats().disk.loads > 0);
    CHECK_EQ(engine.stats().scheduler.prefill_tokens, 0);
}

TEST("what the last engine was asked for is in the pool of the next one before it is asked, if that is wanted") {
    const TempDir dir;
    Outcome first;
    {
        TestEngine engine(cached(dir.path));
        first = engine.run(agent_step());
        engine.close();
    }
    EngineOptions options = cached(dir.path);
    options.cache.prefetch = 0.5;
    TestEngine engine(options);
    while (engine.stats().scheduler.pages_prefetched + engine.stats().scheduler.pages_late < 37) {
    }
    CHECK_EQ(engine.stats().scheduler.prefill_tokens, 0);
    const Outcome second = engine.run(agent_step());
    CHECK(second.tokens == first.tokens);
    CHECK(engine.stats().scheduler.prefetched_used > 0);
    CHECK_EQ(engine.integrity(), "");
}

TEST("damaged files: the pages are computed, the answer is the same") {
    const TempDir dir;
    Outcome first;
    {
        TestEngine engine(cached(dir.path));
        first = engine.run(agent_step());
        engine.close();
    }
    for (const auto & entry : std::filesystem::recursive_directory_iterator(dir.path)) {
        if (entry.path().extension() != ".slots") continue;
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        for (int64_t at = 5000; at < static_cast<int64_t>(entry.file_size()); at += 10'000) {
            file.seekp(at);
            file.put('x');
        }
    }
    TestEngine engine(cached(dir.path));
    while (engine.stats().disk.pages < 37) {
    }
    const Outcome second = engine.run(agent_step());
    CHECK(second.tokens == first.tokens);
    CHECK(engine.stats().disk.corrupt > 0);
    CHECK_EQ(engine.integrity(), "");
}

TEST("a directory that cannot be used costs the cache, not the engine") {
    const TempDir dir;
    const std::string file = dir.path + "/file";
    std::ofstream(file).put('x');
    TestEngine engine(cached(file));
    CHECK(engine.engine->info().cache_reason.find("no directory") != std::string::npos);
    CHECK_EQ(engine.engine->info().cache_dir, "");
    CHECK_EQ(engine.stats().disk.error, engine.engine->info().cache_reason);
    CHECK_EQ(engine.run(agent_step()).error, "");
}
