// Pages that are kept outside the pool, in small cases: what is loaded, what is written, who waits and for how long.
#include <algorithm>
#include <deque>

#include "tier-cases.h"

using namespace banyan;
using namespace banyan::test;

TEST("after a restart a prompt costs less than a page") {
    FakeEngine before(tiered(32));
    run(before, durable(1, tokens_of(7, 42)), 5);
    CHECK_EQ(before.tier.n_written, 11u);  // 46 tokens were computed, the last one sampled never is

    Restarted after(before);
    std::vector<Token> prompt = before.finished.at(1).tokens;
    run(after, request(1, prompt, Class::interactive));
    const RequestUsage & usage = after.finished.at(1).usage;
    CHECK_EQ(usage.cached_tokens, 44);
    CHECK_EQ(usage.hits[Tier::disk], 44);
    CHECK_EQ(usage.hits[Tier::device], 0);
    CHECK(usage.computed_tokens <= after.config.page_tokens);
    CHECK_EQ(after.scheduler.stats().hit_tokens[Tier::disk], 44);

    run(after, request(2, prompt, Class::interactive));
    CHECK_EQ(after.finished.at(2).usage.hits[Tier::device], 46);
    CHECK_EQ(after.tier.n_written, 0u);  // what is kept is not written again
}

TEST("what was evicted comes back from disk") {
    FakeEngine engine(tiered(16));
    run(engine, durable(1, tokens_of(1, 40)));
    run(engine, request(2, tokens_of(2, 60), Class::interactive));
    CHECK(engine.scheduler.stats().pages_evicted > 0);
    run(engine, request(3, tokens_of(1, 40), Class::interactive));
    CHECK_EQ(engine.finished.at(3).usage.cached_tokens, 36);
    CHECK(engine.finished.at(3).usage.hits[Tier::disk] > 0);
}

TEST("explain says how far a lower tier goes on") {
    FakeEngine before(tiered(32));
    run(before, durable(1, tokens_of(7, 42)));
    Restarted after(before);
    const MissExplanation why = after.scheduler.explain(0, tokens_of(7, 42), FakeTier::root_of(0));
    CHECK(why.reason == MissExplanation::Reason::on_disk);
    CHECK_EQ(why.matched, 0);
    CHECK_EQ(why.kept, 40);
    const MissExplanation other = after.scheduler.explain(1, tokens_of(7, 42), FakeTier::root_of(1));
    CHECK(other.reason == MissExplanation::Reason::cold);
    CHECK_EQ(other.kept, 0);
}

TEST("a tenant never meets another one's pages") {
    FakeEngine before(tiered(32));
    run(before, durable(1, tokens_of(7, 42), /*salt=*/1));
    Restarted after(before);
    Request r = request(1, tokens_of(7, 42), Class::interactive);
    r.salt = 2;
    run(after, r);
    CHECK_EQ(after.finished.at(1).usage.cached_tokens, 0);
    CHECK_EQ(after.tier.n_read, 0u);
}

TEST("two requests for one prefix share its load, and others start meanwhile") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(7, 80)));
    Restarted engine(before);
    engine.submit(request(1, tokens_of(7, 80), Class::interactive), 3);
    engine.submit(request(2, tokens_of(7, 80), Class::interactive), 3);
    engine.submit(request(3, tokens_of(9, 6), Class::interactive), 3);
    const Batch & batch = engine.scheduler.schedule(engine.now);
    CHECK(row_of(batch, 3) != nullptr);
    CHECK(!row_of(batch, 1) && !row_of(batch, 2));
    engine.commit(batch);
    CHECK_EQ(count(engine, Decision::Kind::load), 1u);
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.tier.n_read, 19u);  // the 20th page has the last token
    for (const RequestId id : {1, 2}) CHECK_EQ(engine.finished.at(id).usage.cached_tokens, 76);
}

TEST("a read that never ends costs the deadline, once; then the tiers rest") {
    FakeEngine before(tiered(64));
    for (RequestId id = 1; id <= 5; ++id) run(before, durable(id, tokens_of(id, 41)));
    Restarted engine(before);
    for (RequestId id = 1; id <= 5; ++id) {
        const Micros begun = engine.now;
        engine.submit(request(id, tokens_of(id, 41), Class::interactive), 1);
        for (int i = 0; i < 20 && !engine.scheduler.idle(); ++i) {
            engine.step();
            engine.take_tier_work();  // and no read ends
        }
        CHECK(engine.scheduler.idle());
        CHECK_EQ(engine.finished.at(id).usage.cached_tokens, 0);
        // 41 ms of computing, and of patience 50 ms, then 10 ms that loading should have taken and 1 ms.
        CHECK(engine.now - begun <= (id == 1 ? 95'000 : id <= 3 ? 56'000 : 45'000));
        CHECK_EQ(engine.scheduler.check_integrity(), "");
    }
    CHECK_EQ(count(engine, Decision::Kind::tier_rest), 1u);
    CHECK_EQ(count(engine, Decision::Kind::load_late), 3u);
    while (!engine.tier.reads.empty()) engine.end_read(0);  // far too late: they go nowhere
    CHECK_EQ(engine.tier.n_read, 0u);
    engine.now += Loads::kLongestRest;
    run(engine, request(9, tokens_of(3, 41), Class::interactive));
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}

namespace {

/** Takes so long for each page, one after the other. */
struct SlowDisk {
    FakeEngine & engine;
    Micros page;
    std::deque<Micros> ends{};  // of the engine's reads

    void work() {
        engine.take_tier_work();
        while (ends.size() < engine.tier.reads.size()) {
            ends.push_back(std::max(engine.now, ends.empty() ? 0 : ends.back()) + page);
        }
        for (; !ends.empty() && ends.front() <= engine.now; ends.pop_front()) engine.end_read_at(0, ends.front());
    }
};

}  // namespace

TEST("a throttled disk costs one load's patience and two short ones, whatever is asked; when it is quick again it is read again") {
    FakeEngine before(tiered(256));
    constexpr RequestId kRequests = 20;
    for (RequestId id = 1; id <= kRequests; ++id) run(before, durable(id, tokens_of(id, 41)));
    Restarted engine(before), without(before);
    without.scheduler.take_news({{},
                                 [&] {
                                     std::vector<PageKey> all;
                                     for (const auto & [key, cells] : before.tier.pages) all.push_back(key);
                                     return all;
                                 }()},
                                Tier::disk);
    SlowDisk disk{engine, 100'000};  // half a megabyte at 5 MB/s; believed to take 1 ms
    Micros extra = 0;
    for (RequestId id = 1; id <= kRequests; ++id) {
        Micros took[2];
        for (FakeEngine * one : {&without, &engine}) {
            const Micros begun = one->now;
            one->submit(request(id, tokens_of(id, 41), Class::interactive), 1);
            for (int i = 0; i < 1000 && !one->scheduler.idle(); ++i) {
                one->step();
                if (one == &engine) disk.work();
            }
            CHECK(one->scheduler.idle());
            took[one == &engine] = one->now - begun;
        }
        extra += took[1] - took[0];
        CHECK(engine.finished.at(id).tokens == without.finished.at(id).tokens);
        CHECK_EQ(engine.scheduler.check_integrity(), "");
    }
    CHECK(extra > 0);
    CHECK(extra <= 2 * Loads::kLeastPatience);  // the first is waited for as long as that, the others less
    CHECK(count(engine, Decision::Kind::load_late) > 0);
    CHECK(count(engine, Decision::Kind::load_late) <= Loads::kLateLoads);
    CHECK(count(engine, Decision::Kind::recompute) + count(engine, Decision::Kind::tier_rest) > 0);
    while (!disk.ends.empty()) {
        engine.now += disk.page;
        disk.work();
    }
    engine.now += Loads::kLongestRest + TierCost::kForget;
    CHECK(engine.scheduler.clear_cache() > 0);
    run(engine, request(100, tokens_of(1, 41), Class::interactive));
    CHECK_EQ(engine.finished.at(100).usage.hits[Tier::disk], 40);
}

TEST("what came in time is used, the rest is computed") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(7, 81)));
    Restarted engine(before);
    engine.submit(request(1, tokens_of(7, 81), Class::interactive), 1);
    engine.step();  // until the deadline: nothing can run
    engine.now -= 1;
    engine.take_tier_work();
    for (int i = 0; i < 5; ++i) engine.end_read(0);
    engine.now += 1;
    while (!engine.scheduler.idle()) engine.step();
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::disk], 20);
    CHECK(engine.scheduler.stats().pages_late > 0);
}

TEST("pages that take longer to read than to compute are computed, and a decision says so") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(7, 81)));
    before.config.tiers.page = 4001;  // 4 tokens take 4 ms
    Restarted engine(before);
    run(engine, request(1, tokens_of(7, 81), Class::interactive));
    CHECK_EQ(engine.finished.at(1).usage.cached_tokens, 0);
    CHECK_EQ(count(engine, Decision::Kind::recompute), 1u);
    CHECK_EQ(engine.tier.n_read, 0u);
}

namespace {

/** Reads that are wanted end, and those that are wanted then. */
void end_all_reads(FakeEngine & engine) {
    for (engine.take_tier_work(); !engine.tier.reads.empty(); engine.take_tier_work()) engine.end_read(0);
}

}  // namespace

TEST("paths that are foretold are read while nothing waits; a request that has them says so once") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(1, 41)));
    run(before, durable(2, tokens_of(2, 21)));
    Restarted engine(before);
    engine.scheduler.foretell(FakeTier::root_of(0), {tokens_of(1, 40), tokens_of(2, 20), tokens_of(3, 40)});
    const auto left = [&] { return engine.scheduler.stats().foretold_left; };
    CHECK_EQ(engine.scheduler.stats().pages_foretold, 25);
    CHECK_EQ(left(), 25);
    engine.take_tier_work();  // the first one is under way
    CHECK_EQ(left(), 25);
    while (left() == 25) {
        engine.end_read(0);
        engine.take_tier_work();
    }
    CHECK_EQ(left(), 15);
    end_all_reads(engine);
    CHECK_EQ(left(), 0);  // of the third one there is nothing to read
    CHECK_EQ(engine.scheduler.stats().pages_foretold, 25);
    CHECK_EQ(engine.scheduler.stats().pages_prefetched, 15u);
    CHECK_EQ(engine.scheduler.stats().prefetched_used, 0u);
    for (RequestId id = 1; id <= 2; ++id) run(engine, request(id, tokens_of(1, 41), Class::interactive));
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::device], 40);
    CHECK_EQ(engine.scheduler.stats().prefetched_used, 10u);
    CHECK_EQ(engine.scheduler.stats().pages_prefetched, 15u);
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}

TEST("what is foretold takes no page from a request, and no more than half of the pool") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(1, 41)));
    before.config.n_pages = 16;
    Restarted small(before);
    small.scheduler.foretell(FakeTier::root_of(0), {tokens_of(1, 40)});
    end_all_reads(small);
    CHECK_EQ(small.scheduler.stats().pages_loaded, 0u);
    CHECK_EQ(small.scheduler.stats().foretold_left, 0);
    before.config.n_pages = 64;
    Restarted engine(before);
    engine.submit(request(2, tokens_of(2, 21), Class::interactive), 1);
    engine.scheduler.foretell(FakeTier::root_of(0), {tokens_of(1, 40)});
    engine.take_tier_work();
    CHECK(engine.tier.reads.empty());
    CHECK_EQ(engine.scheduler.stats().foretold_left, 10);
    CHECK(engine.drain(1000));
    end_all_reads(engine);
    CHECK_EQ(engine.scheduler.stats().foretold_left, 0);
    CHECK_EQ(engine.scheduler.stats().pages_prefetched, 10u);
    // Evicted before a request came, and computed by it: that was in vain.
    engine.scheduler.clear_cache();
    engine.tier.pages.clear();
    engine.scheduler.take_news({{}, {}}, Tier::disk);
    for (RequestId id = 3; id <= 4; ++id) run(engine, request(id, tokens_of(1, 41), Class::interactive));
    CHECK_EQ(engine.scheduler.stats().prefetched_used, 0u);
}

TEST("a lost page ends the load before it, and is not asked for again") {
    FakeEngine before(tiered(64));
    run(before, durable(1, tokens_of(7, 81)));
    std::vector<PageKey> keys{FakeTier::root_of(0)};
    const std::vector<Token> prompt = tokens_of(7, 81);
    for (int32_t i = 0; i < 20; ++i) keys.push_back(page_key(keys.back(), prompt.data() + 4 * i, 4));
    Restarted engine(before);
    engine.tier.pages.erase(keys[6]);
    run(engine, request(1, prompt, Class::interactive));
    CHECK_EQ(engine.finished.at(1).usage.hits[Tier::disk], 20);
    CHECK_EQ(engine.finished.at(1).usage.computed_tokens, 61);
}

TEST("a static prefix is written at once, other pages when they are used again") {
    FakeEngine engine(tiered(64));
    Request first = request(1, tokens_of(7, 20), Class::interactive);
    first.static_tokens = 8;
    run(engine, first);
    CHECK_EQ(engine.tier.n_written, 2u);
    run(engine, request(2, tokens_of(7, 20), Class::interactive));
    CHECK_EQ(engine.tier.n_written, 4u);
    run(engine, request(3, tokens_of(7, 20), Class::interactive));
    CHECK_EQ(engine.tier.n_written, 4u);
}

TEST("a long prompt that is durable is written while it is computed") {
    SchedulerConfig config = tiered(64);
    config.max_batch_tokens = 16;
    FakeEngine engine(config);
    CHECK(engine.submit(durable(1, tokens_of(1, 64)), 1) == SubmitError::none);
    for (const uint64_t n_pages : {4u, 8u, 12u}) {
        engine.step();
        engine.take_tier_work();
        while (!engine.tier.writes.empty()) engine.tier.end_write(engine.scheduler, 0, true);
        CHECK_EQ(engine.tier.n_written, n_pages);
    }
    CHECK(engine.finished.empty());
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.tier.n_written, 16u);
}

TEST("the pages of a program that waits for a person are written; its next call is told ahead and loaded by then") {
    FakeEngine engine(tiered(16));
    Request r = request(1, tokens_of(1, 30), Class::interactive);
    r.program = 5;
    run(engine, r);
    CHECK_EQ(engine.tier.n_written, 0u);
    Hint human;
    human.kind = Hint::Kind::human;
    CHECK(engine.hint(5, human) == HintError::none);
    engine.end_tier_work();
    CHECK_EQ(engine.tier.n_written, 7u);
    run(engine, request(2, tokens_of(2, 60), Class::interactive));
    CHECK(engine.scheduler.explain(0, tokens_of(1, 30)).matched < 20);

    Hint next;
    next.kind = Hint::Kind::next_prefix;
    next.tokens = tokens_of(1, 30);
    CHECK(engine.hint(5, next) == HintError::none);
    engine.end_tier_work();
    engine.step();
    CHECK(engine.scheduler.explain(0, tokens_of(1, 30)).matched >= 28);
}

TEST("a tool that says when it is back finds its program's pages loaded") {
    FakeEngine engine(tiered(16));
    Request r = request(1, tokens_of(1, 30), Class::interactive);
    r.program = 5;
    r.durable = true;
    run(engine, r);
    Hint started;
    started.kind = Hint::Kind::tool_started;
    started.tool = "search";
    started.expected = 2'000'000;
    CHECK(engine.hint(5, started) == HintError::none);
    const Micros alarm = engine.scheduler.alarm();
    CHECK(alarm > engine.now + 1'800'000 && alarm < engine.now + 2'000'000);
    Request other = request(2, tokens_of(2, 60), Class::interactive);
    other.cache = false;
    run(engine, other);
    CHECK(engine.scheduler.explain(0, tokens_of(1, 30)).matched < 20);
    engine.now = std::max(engine.now, engine.scheduler.alarm());
    engine.scheduler.commit({}, engine.now);
    engine.scheduler.schedule(engine.now);
    engine.end_tier_work();
    engine.scheduler.schedule(engine.now);
    CHECK(engine.scheduler.explain(0, tokens_of(1, 30)).matched >= 28);
}

TEST("a kept page goes before one that would have to be computed") {
    FakeEngine engine(tiered(16));
    run(engine, request(1, tokens_of(1, 24), Class::interactive));
    run(engine, durable(2, tokens_of(2, 24)));
    run(engine, request(3, tokens_of(3, 24), Class::interactive));
    CHECK(engine.scheduler.explain(0, tokens_of(2, 24)).matched < 24);
    CHECK_EQ(engine.scheduler.explain(0, tokens_of(1, 24)).matched, 24);
}
