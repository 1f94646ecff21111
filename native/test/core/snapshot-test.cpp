// What a snapshot shows, against what the scheduler does.
#include <algorithm>
#include <map>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

Snapshot look(const FakeEngine & engine, int32_t nodes = 10'000) {
    SnapshotLimits limits;
    limits.nodes = nodes;
    return engine.scheduler.snapshot(limits, engine.now);
}

const RequestRow & row_of(const Snapshot & shown, RequestId id) {
    static const RequestRow none;
    const auto found = std::find_if(shown.requests.begin(), shown.requests.end(),
                                    [id](const RequestRow & row) { return row.id == id; });
    CHECK(found != shown.requests.end());
    return found == shown.requests.end() ? none : *found;
}

std::vector<Token> with_end(std::vector<Token> tokens, Token end, int32_t n) {
    for (int32_t i = 0; i < n; ++i) tokens.push_back(end);
    return tokens;
}

int32_t free_cells(const Snapshot & shown) {
    return static_cast<int32_t>(std::count(shown.pages.begin(), shown.pages.end(), kFreePage));
}

}  // namespace

TEST("a shared prefix is one node in use by all, and is kept for what its users left") {
    FakeEngine engine(pool(64));
    const std::vector<Token> shared = tokens_of(1, 64);
    Request first = request(1, with_end(shared, 7, 40));
    first.program = 5;
    engine.submit(first, 30);
    for (int i = 0; i < 3; ++i) engine.step();
    engine.submit(request(2, with_end(shared, 8, 40)), 30);
    for (int i = 0; i < 3; ++i) engine.step();

    Snapshot shown = look(engine);
    CHECK_EQ(shown.nodes.front().tokens, 64);
    CHECK_EQ(shown.nodes.front().parent, 0u);
    CHECK_EQ(shown.nodes.front().users, 2);
    CHECK(shown.nodes.front().kept == Kept::running);
    CHECK_EQ(shown.nodes.front().children, 2);
    CHECK_EQ(shown.requests.size(), 2u);
    CHECK_EQ(row_of(shown, 1).program, 5u);
    CHECK_EQ(row_of(shown, 2).program, 0u);
    CHECK_EQ(row_of(shown, 2).cached, 64);
    CHECK(row_of(shown, 2).waits_for == WaitsFor::none);

    CHECK(engine.drain(100));
    shown = look(engine);
    CHECK_EQ(shown.nodes.front().users, 0);
    CHECK(shown.nodes.front().kept < Kept::pinned);
    CHECK_EQ(shown.requests.size(), 0u);
    CHECK_EQ(shown.programs.size(), 1u);
    CHECK_EQ(shown.programs.front().id, 5u);
    const bool marked =
        std::any_of(shown.holds.begin(), shown.holds.end(), [](const HoldRow & hold) { return hold.program == 5; });
    CHECK(marked);

    uint64_t pin = 0;
    CHECK_EQ(engine.scheduler.pin(0, shared, engine.now + 1'000'000, &pin), 64);
    CHECK(look(engine).nodes.front().kept == Kept::pinned);
}

TEST("each waiting request says what it waits for") {
    FakeEngine engine(pool(64, 32, 2));
    engine.submit(request(1, tokens_of(1, 700)), 50);
    engine.submit(request(2, with_end(tokens_of(1, 690), 9, 5)), 50);
    engine.submit(request(3, tokens_of(3, 10)), 50);
    engine.submit(request(4, tokens_of(4, 10)), 50);
    engine.step();
    Snapshot shown = look(engine);
    CHECK(row_of(shown, 1).waits_for == WaitsFor::none);
    CHECK(row_of(shown, 2).waits_for == WaitsFor::prefix);
    CHECK_EQ(row_of(shown, 2).producer, 1u);
    CHECK(row_of(shown, 3).waits_for == WaitsFor::none);
    CHECK(row_of(shown, 4).waits_for == WaitsFor::slot);
    CHECK_EQ(row_of(shown, 4).waited, row_of(shown, 4).age);
    CHECK(engine.drain(200));

    FakeEngine small(pool(10));
    small.submit(request(1, tokens_of(1, 200)), 60);
    small.step();
    small.submit(request(2, tokens_of(2, 200)), 10);
    small.step();
    CHECK(row_of(look(small), 2).waits_for == WaitsFor::pages);
    CHECK(small.drain(200));
    small.submit(request(3, tokens_of(3, 10)), 10);
    CHECK(row_of(look(small), 3).waits_for == WaitsFor::turn);
}

TEST("of a large tree the first levels are shown, the rest is counted, and what is in use below is known") {
    FakeEngine engine(pool(512, 8, 4));
    const std::vector<Token> root = tokens_of(1, 16);
    for (RequestId id = 1; id <= 40; ++id) {
        engine.submit(request(id, with_end(root, static_cast<Token>(100 + id), 16)), 2);
        CHECK(engine.drain(20));
    }
    engine.submit(request(41, with_end(root, 140, 20)), 50);
    for (int i = 0; i < 3; ++i) engine.step();
    const Snapshot all = look(engine), cut = look(engine, 1);
    CHECK_EQ(all.nodes_left_out, 0);
    CHECK_EQ(static_cast<int32_t>(all.nodes.size()), engine.scheduler.stats().tree_nodes);
    CHECK_EQ(cut.nodes.size(), 1u);
    CHECK_EQ(cut.nodes_left_out, static_cast<int32_t>(all.nodes.size()) - 1);
    CHECK_EQ(cut.nodes.front().id, all.nodes.front().id);
    CHECK(cut.nodes.front().kept == Kept::running);
    CHECK_EQ(cut.nodes.front().users, 1);
    CHECK_EQ(look(engine, 0).nodes.size(), 0u);
    CHECK_EQ(look(engine, 0).pages.size(), 512u);
}

TEST("of many programs those with requests are shown, then the latest, in the order of their ids") {
    FakeEngine engine(pool(64, 8, 2));
    for (RequestId id = 1; id <= 9; ++id) {
        const Request r = request(id, 8 + static_cast<int32_t>(id), Class::workflow, id);
        engine.submit(r, id == 3 ? 200 : 1);
        for (int i = 0; i < 10; ++i) engine.step();
    }
    SnapshotLimits limits;
    limits.programs = 4;
    const Snapshot shown = engine.scheduler.snapshot(limits, engine.now);
    std::vector<ProgramId> ids;
    for (const ProgramRow & row : shown.programs) ids.push_back(row.id);
    CHECK(ids == std::vector<ProgramId>({3, 7, 8, 9}));
    CHECK_EQ(shown.programs_left_out, 5);
    limits.programs = 0;
    CHECK_EQ(engine.scheduler.snapshot(limits, engine.now).programs_left_out, 9);
}

TEST("of a large pool the page map is a sample") {
    FakeEngine engine(pool(100));
    SnapshotLimits limits;
    limits.page_cells = 30;
    const Snapshot shown = engine.scheduler.snapshot(limits, engine.now);
    CHECK_EQ(shown.pages_a_cell, 4);
    CHECK_EQ(shown.pages.size(), 25u);
}

TEST("at any moment: rows agree with each other and with the counts, and looking changes nothing") {
    std::mt19937 random(20261127);
    const auto below = [&](uint32_t n) { return static_cast<int32_t>(random() % n); };
    FakeEngine engine(pool(48, 8, 4)), unseen(pool(48, 8, 4));
    RequestId next = 1;
    for (int round = 0; round < 400; ++round) {
        if (below(3) == 0) {
            std::vector<Token> prompt = tokens_of(1 + below(3), 8 * (1 + below(6)));
            Request r = request(next++, with_end(prompt, static_cast<Token>(200 + below(4)), 1 + below(9)));
            r.program = static_cast<ProgramId>(below(5));
            r.cls = static_cast<Class>(below(3));
            const int32_t n_output = 1 + below(12);
            engine.submit(r, n_output);
            unseen.submit(r, n_output);
        }
        engine.step();
        unseen.step();
        const Snapshot shown = look(engine);
        const SchedulerStats stats = engine.scheduler.stats(), other = unseen.scheduler.stats();
        CHECK_EQ(stats.prefill_tokens, other.prefill_tokens);
        CHECK_EQ(stats.pages_free, other.pages_free);
        CHECK_EQ(free_cells(shown), stats.pages_free);
        CHECK_EQ(static_cast<int32_t>(shown.nodes.size()), stats.tree_nodes);
        CHECK_EQ(static_cast<int32_t>(shown.requests.size()), stats.running + stats.waiting);
        std::map<uint64_t, const NodeRow *> seen;
        for (const NodeRow & node : shown.nodes) {
            if (node.parent != 0) {
                CHECK(seen.count(node.parent) == 1);
                CHECK_EQ(node.begin, seen[node.parent]->begin + seen[node.parent]->tokens);
                CHECK(node.kept <= seen[node.parent]->kept);
                CHECK(node.users <= seen[node.parent]->users);
            }
            seen[node.id] = &node;
        }
        for (const HoldRow & hold : shown.holds) CHECK(seen.count(hold.node) == 1);
        for (const RequestRow & r : shown.requests) CHECK(r.waits_for != WaitsFor::none || r.computed >= r.cached);
    }
}
