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

namespace {

Request background(RequestId id, int32_t n_prompt) {
    return request(id, n_prompt, Class::background);
}

/** Schedules, and computes the step if there is one; no time is waited for. */
void look(FakeEngine & engine) {
    const Batch & batch = engine.scheduler.schedule(engine.now);
    if (!batch.empty()) engine.commit(batch);
}

/** Reads that are under way end, the oldest first. */
void end_reads(FakeEngine & engine, size_t n) {
    engine.take_tier_work();
    for (; n > 0 && !engine.tier.reads.empty(); --n) engine.end_read(0);
}

/** Loads that were given up for others, and not because a page was lost or late. */
struct GivenUp : DecisionSink {
    explicit GivenUp(const FakeEngine & engine) : engine_(engine) {}
    void record(const Decision & decision) override {
        const bool gave_way = std::holds_alternative<decision::LoadGaveWay>(decision.what);
        if (gave_way && decision.request != 0) requests.push_back(decision.request);
        if (const auto * preempt = std::get_if<decision::Preempt>(&decision.what)) preempted = preempt->in_favour_of;
    }
    std::vector<RequestId> requests;
    RequestId preempted = 0;

  private:
    const FakeEngine & engine_;
};

}  // namespace

TEST("nothing runs, and a worse request finds no room: it waits for a better one's load") {
    FakeEngine before(tiered(16));
    run(before, durable(1, tokens_of(1, 41)));
    Restarted engine(before);
    engine.submit(request(1, tokens_of(1, 41), Class::interactive), 1);
    look(engine);
    engine.submit(background(2, 40), 1);
    look(engine);
    look(engine);
    CHECK_EQ(count(engine, Decision::Kind::load), 1u);
    CHECK_EQ(count(engine, Decision::Kind::load_gave_way), 0u);
    CHECK_EQ(count(engine, Decision::Kind::load_late), 0u);
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::disk], 40);
    CHECK_EQ(engine.finished.at(2).usage.preemptions, 0);
}

TEST("one that preempts another and then loads gets its pages, and the other one waits for it") {
    FakeEngine before(tiered(16));
    run(before, durable(1, tokens_of(1, 41)));
    Restarted engine(before);
    GivenUp log(engine);
    engine.scheduler.log_to(&log);
    engine.submit(background(2, 40), 8);
    look(engine);
    engine.submit(request(1, tokens_of(1, 41), Class::interactive), 1);
    look(engine);
    CHECK_EQ(log.preempted, 1u);
    CHECK_EQ(count(engine, Decision::Kind::load), 1u);
    look(engine);  // the preempted one looks for room again
    CHECK_EQ(count(engine, Decision::Kind::load_gave_way), 0u);
    CHECK_EQ(count(engine, Decision::Kind::load_late), 0u);
    CHECK_EQ(engine.scheduler.check_integrity(), "");
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::disk], 40);
    CHECK_EQ(engine.finished.at(2).usage.preemptions, 1);
    CHECK_EQ(engine.finished.at(2).usage.output_tokens, 8);
}

TEST("a pin is not broken for what a load is about to give back") {
    FakeEngine before(tiered(16));
    run(before, durable(1, tokens_of(1, 25)));
    Restarted engine(before);
    run(engine, request(3, tokens_of(3, 17), Class::interactive));
    uint64_t pin = 0;
    CHECK_EQ(engine.scheduler.pin(0, tokens_of(3, 16), kNever - 1, &pin), 16);
    engine.submit(request(1, tokens_of(1, 25), Class::interactive), 1);
    look(engine);
    engine.submit(background(2, 40), 1);
    look(engine);
    CHECK_EQ(count(engine, Decision::Kind::break_pin), 0u);
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::disk], 24);
    CHECK(engine.scheduler.unpin(pin));
}

TEST("a load whose request left gives way to any that finds no room") {
    FakeEngine before(tiered(16));
    run(before, durable(1, tokens_of(1, 41)));
    Restarted engine(before);
    engine.submit(request(1, tokens_of(1, 41), Class::interactive), 1);
    look(engine);
    engine.cancel(1);
    engine.submit(background(2, 40), 1);
    CHECK(engine.scheduler.schedule(engine.now).rows.size() == 1);
    CHECK_EQ(count(engine, Decision::Kind::load_gave_way), 1u);
    CHECK_EQ(count(engine, Decision::Kind::load_late), 0u);
}

TEST("loads of better requests, one after the other, keep no overdue one waiting for ever") {
    FakeEngine before(tiered(64));
    for (RequestId id = 1; id <= 40; ++id) run(before, durable(id, tokens_of(id, 17)));
    before.config.n_pages = 16;
    before.config.policy.overdue = before.config.policy.age[Class::background] = 1000;
    before.config.reserve_percent = 0;
    Restarted engine(before);
    int32_t turns = 0;
    for (RequestId id = 1; id <= 40; ++id, ++turns) {
        engine.submit(request(id, tokens_of(id, 17), Class::interactive), 1);
        if (id == 2) engine.submit(background(100, 50), 1);
        look(engine);
        end_reads(engine, id > 1 ? 4 : 0);  // those of the one before: a load is always under way
        engine.now += 5000;
        if (engine.finished.count(100)) break;
    }
    CHECK(turns < 30);
    CHECK(engine.drain(1000));
}

TEST("in any order of arrival: no request's load is given up for one of its own class or a worse one") {
    for (uint64_t seed = 1; seed <= 300 && failures() == 0; ++seed) {
        std::mt19937_64 random(seed);
        const auto pick = [&](int32_t n) { return static_cast<int32_t>(random() % static_cast<uint64_t>(n)); };
        FakeEngine before(tiered(96));
        for (RequestId id = 1; id <= 8; ++id) run(before, durable(id, tokens_of(id, 20 + 4 * pick(8))));
        before.config.n_pages = 14 + pick(12);
        before.config.tiers.most_reading = 1 + pick(8);
        Restarted engine(before);
        std::map<RequestId, EffectiveClass> live;
        GivenUp log(engine);
        engine.scheduler.log_to(&log);
        RequestId next = 1;
        for (int i = 0; i < 120 && failures() == 0; ++i) {
            if (live.size() < 6 && pick(3) == 0) {
                const auto cls = static_cast<Class>(pick(kClasses));
                const RequestId kept = static_cast<RequestId>(1 + pick(8));
                std::vector<Token> prompt = tokens_of(kept, 20 + pick(30));
                live[++next] = number_of(cls);
                engine.submit(request(next, std::move(prompt), cls), 1 + pick(6));
            }
            look(engine);
            end_reads(engine, static_cast<size_t>(pick(4)));
            for (const RequestId given_up : log.requests) {
                const EffectiveClass cls = live.at(given_up);
                const auto is_better = [&](const auto & other) { return other.second < cls; };
                CHECK(std::any_of(live.begin(), live.end(), is_better));
            }
            log.requests.clear();
            for (auto it = live.begin(); it != live.end();) {
                it = engine.finished.count(it->first) ? live.erase(it) : std::next(it);
            }
            CHECK_EQ(engine.scheduler.check_integrity(), "");
        }
        engine.scheduler.log_to(nullptr);
        CHECK(engine.drain(2000));
        if (failures() != 0) std::fprintf(stderr, "  seed %llu\n", static_cast<unsigned long long>(seed));
    }
}
