// Tiers where more is wanted than the pool holds: what goes first, who waits for the disk, and what that is measured
// by.
#include "tier-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

Request of_program(RequestId id, std::vector<Token> prompt, ProgramId program) {
    Request r = request(id, std::move(prompt), Class::workflow);
    r.program = program;
    return r;
}

void tell(FakeEngine & engine, ProgramId program, Hint::Kind kind) {
    Hint hint;
    hint.kind = kind;
    hint.tool = kind == Hint::Kind::human ? "" : "a tool";
    CHECK(engine.hint(program, hint) == HintError::none);
}

int32_t cached(const FakeEngine & engine, Token first, int32_t n_tokens) {
    return engine.scheduler.explain(0, tokens_of(first, n_tokens)).matched;
}

/** Program 1 waits for a tool, its pages are in a tier or not; program 2 waits for a person, its are on their way
 * there. */
struct TwoWait : FakeEngine {
    TwoWait(const SchedulerConfig & config, bool first_is_kept) : FakeEngine(config) {
        Request first = of_program(1, tokens_of(1, 24), 1);
        first.durable = first_is_kept;
        run(*this, first);
        tell(*this, 1, Hint::Kind::tool_started);
        run(*this, of_program(2, tokens_of(2, 24), 2));
        tell(*this, 2, Hint::Kind::human);
        take_tier_work();  // the second one's pages are being written
        CHECK_EQ(tier.writes.size(), 6u);
    }
};

}  // namespace

TEST("what can be read again goes before what would have to be computed, whatever its kind") {
    TwoWait engine(tiered(16), true);
    CHECK(engine.submit(request(3, tokens_of(3, 22), Class::interactive), 1) == SubmitError::none);
    while (!engine.scheduler.idle()) engine.step();
    CHECK(cached(engine, 1, 24) < 24);
    CHECK_EQ(cached(engine, 2, 24), 24);
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}

TEST("what no tier takes is not kept for its sake") {
    TwoWait engine(tiered(16), false);
    while (!engine.tier.writes.empty()) engine.tier.end_write(engine.scheduler, 0, /*kept=*/false);
    engine.take_tier_work();
    CHECK(engine.submit(request(3, tokens_of(3, 22), Class::interactive), 1) == SubmitError::none);
    while (!engine.scheduler.idle()) engine.step();
    CHECK_EQ(cached(engine, 1, 24), 24);
    CHECK(cached(engine, 2, 24) < 24);
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}

TEST("those that wait in line for the disk hold no pages") {
    FakeEngine before(tiered(64));
    for (RequestId id = 1; id <= 3; ++id) run(before, durable(id, tokens_of(id, 41)));
    before.config.tiers.most_reading = 2;
    Restarted engine(before);
    for (RequestId id = 1; id <= 3; ++id) engine.submit(request(id, tokens_of(id, 41), Class::interactive), 1);
    CHECK(engine.scheduler.schedule(engine.now).empty());
    CHECK_EQ(count(engine, Decision::Kind::load), 1u);
    CHECK_EQ(engine.scheduler.stats().pages_used, 10);
    CHECK(engine.scheduler.wake_at() < kNever);
    CHECK(engine.drain(1000));
    CHECK_EQ(count(engine, Decision::Kind::load), 3u);
    for (RequestId id = 1; id <= 3; ++id) CHECK_EQ(engine.finished.at(id).usage.hits[Tier::disk], 40);
}

TEST("no page is loaded for a request that has no room for the rest") {
    FakeEngine before(tiered(16));
    run(before, durable(1, tokens_of(1, 33)));
    Restarted engine(before);
    engine.submit(of_program(2, tokens_of(2, 40), 0), 8);
    engine.step();
    engine.submit(of_program(3, tokens_of(1, 33), 0), 1);
    engine.step();
    CHECK_EQ(count(engine, Decision::Kind::load), 0u);
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.finished.at(3).usage.hits[Tier::disk], 32);
}

TEST("a long step makes no read slow and no load late") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(1, 81)));
    before.config.tiers.most_reading = 4;
    Restarted engine(before);
    engine.submit(request(1, tokens_of(1, 81), Class::interactive), 1);
    engine.scheduler.schedule(engine.now);
    while (count(engine, Decision::Kind::loaded) == 0) {
        engine.take_tier_work();
        CHECK(!engine.tier.reads.empty());
        Micros ended = engine.now;
        for (size_t n = engine.tier.reads.size(); n > 0; --n) engine.end_read_at(0, ended += 1000);
        engine.now += 60'000;  // in which the engine computes something else
        engine.scheduler.commit({}, engine.now);
        engine.scheduler.schedule(engine.now);
    }
    CHECK_EQ(count(engine, Decision::Kind::load_late), 0u);
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::disk], 80);
    // A read took 1 ms, whatever the steps took, so the next prompt is loaded too.
    CHECK_EQ(engine.scheduler.clear_cache(), 21);
    run(engine, request(2, tokens_of(1, 81), Class::interactive));
    CHECK_EQ(engine.finished.at(2).usage.hits[Tier::disk], 80);
}
