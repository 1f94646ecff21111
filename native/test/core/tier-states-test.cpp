// Models with recurrent layers and a store behind the pool: a prompt is gone on with where its state is kept, and all
// pages before it.
#include "tier-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** A state takes as long to read as two pages. */
SchedulerConfig recurrent(int32_t n_pages = 64, int32_t n_states = 8) {
    SchedulerConfig config = tiered(n_pages);
    config.n_states = n_states;
    config.state_every = 0;
    config.tiers.state_pages = 2;
    return config;
}

/** All tokens of a request that ended, and some more. */
std::vector<Token> longer(const FakeEngine & engine, RequestId id, int32_t more = 3) {
    std::vector<Token> tokens = engine.finished.at(id).tokens;
    for (int32_t i = 0; i < more; ++i) tokens.push_back(20'000 + i);
    return tokens;
}

PageKey key_of_state(const std::vector<Token> & tokens, int32_t n_tokens) {
    PageKey at = FakeTier::root_of(0);
    int32_t page = 0;
    for (; (page + 1) * 4 <= n_tokens; ++page) at = page_key(at, tokens.data() + page * 4, 4);
    return state_key(at, tokens.data() + page * 4, n_tokens - page * 4);
}

}  // namespace

TEST("after a restart a turn computes what it adds: pages, and the state in the middle of one") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);  // 45 tokens were computed
    CHECK_EQ(before.tier.n_written, 12u);          // 11 pages, a state with the token behind them
    CHECK_EQ(before.tier.states.size(), 1u);

    Restarted after(before);
    run(after, request(1, longer(before, 1), Class::interactive));
    const RequestUsage & usage = after.finished.at(1).usage;
    CHECK_EQ(usage.cached_tokens, 45);
    CHECK_EQ(usage.hits[Tier::disk], 45);
    CHECK_EQ(usage.computed_tokens, 4);
    CHECK_EQ(after.tier.n_states_read, 1u);
    CHECK_EQ(after.scheduler.stats().states_read, 1u);
    CHECK_EQ(after.tier.n_written, 0u);  // what is kept is not written again
}

TEST("a state at the end of a page is kept without any tokens behind it") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 40)), 1);
    CHECK_EQ(before.tier.states.count(key_of_state(tokens_of(7, 40), 40)), 1u);
    Restarted after(before);
    run(after, request(1, longer(before, 1), Class::interactive));
    CHECK_EQ(after.finished.at(1).usage.hits[Tier::disk], 40);
}

TEST("a static prefix is kept with its state, and a prompt that shares no more goes on from there") {
    FakeEngine before(recurrent());
    Request first = durable(1, tokens_of(7, 42));
    first.static_tokens = 22;
    run(before, first);
    CHECK_EQ(before.tier.states.size(), 2u);
    Restarted after(before);
    std::vector<Token> other = tokens_of(7, 22);
    for (const Token token : tokens_of(8, 20)) other.push_back(token);
    run(after, request(1, other, Class::interactive));
    CHECK_EQ(after.finished.at(1).usage.hits[Tier::disk], 22);
    CHECK_EQ(after.tier.n_read, 6u);  // 5 pages and the state
}

TEST("the state of where the next prompt may leave this one is kept in place of the end's") {
    FakeEngine before(recurrent());
    Request first = durable(1, tokens_of(7, 42));
    first.boundary = 38;
    run(before, first, 5);
    CHECK_EQ(before.tier.states.count(key_of_state(tokens_of(7, 42), 38)), 1u);
    CHECK_EQ(before.tier.states.size(), 1u);
}

TEST("pages without a state behind them are not written: they could not be used") {
    FakeEngine engine(recurrent(64, 1));
    Request long_one = durable(1, tokens_of(1, 100));
    long_one.program = 1;
    run(engine, long_one);
    const uint64_t n_written = engine.tier.n_written;
    run(engine, durable(2, tokens_of(2, 20)));  // finds no row for its state
    CHECK_EQ(engine.tier.states.size(), 1u);
    CHECK_EQ(engine.tier.n_written, n_written);
}

TEST("a lost state costs the load: nothing of it enters the tree, all is computed") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);
    Restarted after(before);
    for (const auto & [key, parent] : after.tier.states) after.tier.pages.erase(key);
    run(after, request(1, longer(before, 1), Class::interactive));
    const RequestUsage & usage = after.finished.at(1).usage;
    CHECK_EQ(usage.cached_tokens, 0);
    CHECK_EQ(usage.hits[Tier::disk], 0);
    CHECK_EQ(after.scheduler.stats().states_disk, 0);
    CHECK_EQ(count(after, Decision::Kind::load_late), 1u);
}

TEST("a lost page costs the load too: a state without the pages before it is of no use") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);
    Restarted after(before);
    after.tier.pages.erase(page_key(FakeTier::root_of(0), tokens_of(7, 4).data(), 4));
    run(after, request(1, longer(before, 1), Class::interactive));
    CHECK_EQ(after.finished.at(1).usage.cached_tokens, 0);
    // It is known now: the next one does not wait for it.
    const uint64_t loads = count(after, Decision::Kind::load);
    after.scheduler.clear_cache();
    run(after, request(2, longer(before, 1), Class::interactive));
    CHECK_EQ(count(after, Decision::Kind::load), loads);
}

TEST("a state that went while its pages stayed is all that is read") {
    FakeEngine engine(recurrent(128, 2));
    run(engine, durable(1, tokens_of(7, 42)), 4);
    const std::vector<Token> next = longer(engine, 1);
    for (RequestId id = 2; id <= 4; ++id) run(engine, request(id, tokens_of(id, 50), Class::interactive));
    const MissExplanation why = engine.scheduler.explain(0, next, FakeTier::root_of(0));
    CHECK(why.reason == MissExplanation::Reason::on_disk);
    CHECK_EQ(why.matched, 0);
    CHECK_EQ(why.paged, 45);
    CHECK_EQ(why.kept, 45);
    run(engine, request(9, next, Class::interactive));
    CHECK_EQ(engine.tier.n_read, 1u);
    CHECK_EQ(engine.finished.at(9).usage.hits[Tier::disk], 45);
    CHECK_EQ(engine.finished.at(9).usage.computed_tokens, 4);
}

TEST("what was evicted, pages and state, comes back within one process") {
    FakeEngine engine(recurrent(16, 2));
    run(engine, durable(1, tokens_of(1, 40)), 4);
    const std::vector<Token> next = longer(engine, 1);
    run(engine, request(2, tokens_of(2, 60), Class::interactive));
    CHECK(engine.scheduler.stats().pages_evicted > 0);
    run(engine, request(3, next, Class::interactive));
    CHECK_EQ(engine.finished.at(3).usage.hits[Tier::disk], 43);
}

TEST("two requests for one state share its load; one that is cancelled meanwhile costs the other nothing") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);
    Restarted engine(before);
    for (const RequestId id : {1, 2, 3}) engine.submit(request(id, longer(before, 1), Class::interactive), 3);
    CHECK(engine.scheduler.schedule(engine.now).empty());
    CHECK_EQ(count(engine, Decision::Kind::load), 1u);
    engine.cancel(1);
    CHECK(engine.drain(1000));
    CHECK_EQ(engine.tier.n_read, 12u);
    for (const RequestId id : {2, 3}) CHECK_EQ(engine.finished.at(id).usage.hits[Tier::disk], 45);
}

TEST("all that wait for a state are cancelled: what comes is kept, and no row is lost") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);
    Restarted engine(before);
    engine.submit(request(1, longer(before, 1), Class::interactive), 3);
    CHECK(engine.scheduler.schedule(engine.now).empty());
    engine.cancel(1);
    engine.end_tier_work();
    CHECK_EQ(engine.scheduler.check_integrity(), "");
    run(engine, request(2, longer(before, 1), Class::interactive));
    CHECK_EQ(engine.finished.at(2).usage.cached_tokens, 45);
    CHECK_EQ(engine.tier.n_states_read, 1u);
}

TEST("a read of a state that never ends costs the deadline") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);
    Restarted engine(before);
    engine.submit(request(1, longer(before, 1), Class::interactive), 1);
    for (int i = 0; i < 20 && !engine.scheduler.idle(); ++i) {
        engine.step();
        engine.take_tier_work();
        while (engine.tier.reads.size() > 1 && !engine.tier.reads.back().is_state) engine.end_read(1);
    }
    CHECK(engine.scheduler.idle());
    CHECK_EQ(engine.finished.at(1).usage.cached_tokens, 0);
    CHECK_EQ(engine.scheduler.check_integrity(), "");
    while (!engine.tier.reads.empty()) engine.end_read(0);  // far too late: it goes nowhere
    CHECK_EQ(engine.scheduler.stats().states_read, 0u);
}

TEST("a state that takes longer to read than its tokens to compute is computed") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42)), 4);
    before.config.tiers.state_pages = 50;
    Restarted engine(before);
    run(engine, request(1, longer(before, 1), Class::interactive));
    CHECK_EQ(engine.tier.n_read, 0u);
    CHECK_EQ(count(engine, Decision::Kind::recompute), 1u);
}

TEST("a model that is recurrent alone keeps states and no pages") {
    SchedulerConfig config = recurrent();
    config.tiers.pages = false;
    FakeEngine before(config);
    run(before, durable(1, tokens_of(7, 42)), 4);
    CHECK_EQ(before.tier.n_written, 1u);
    Restarted after(before);
    run(after, request(1, longer(before, 1), Class::interactive));
    CHECK_EQ(after.finished.at(1).usage.hits[Tier::disk], 45);
    CHECK_EQ(after.tier.n_read, 1u);
}

TEST("a tenant never meets another one's state") {
    FakeEngine before(recurrent());
    run(before, durable(1, tokens_of(7, 42), /*salt=*/1), 4);
    Restarted after(before);
    Request other = request(1, longer(before, 1), Class::interactive);
    other.salt = 2;
    run(after, other);
    CHECK_EQ(after.finished.at(1).usage.cached_tokens, 0);
    CHECK_EQ(after.tier.n_read, 0u);
}

TEST("a snapshot tells where the state of a node's end is saved: in memory, on disk, or both") {
    const auto places = [](const FakeEngine & engine) {
        std::vector<std::pair<int32_t, std::string>> places;
        for (const NodeRow & row : engine.scheduler.snapshot({}, engine.now).nodes) {
            const std::string where = (row.state ? "memory " : "") + std::string(row.state_on_disk ? "disk" : "");
            places.emplace_back(row.begin + row.tokens, where);
        }
        return places;
    };
    using Places = std::vector<std::pair<int32_t, std::string>>;
    FakeEngine before(recurrent());
    Request first = durable(1, tokens_of(7, 42));
    first.static_tokens = 22;
    CHECK(before.submit(first, 4) == SubmitError::none);
    for (int n = 0; n < 3; ++n) before.step();
    CHECK(places(before).front() == (std::pair<int32_t, std::string>(22, "memory ")));
    CHECK(before.drain(1000));
    CHECK((places(before) == Places{{22, "memory disk"}, {45, "memory disk"}}));
    Restarted after(before);
    CHECK(places(after).empty());
    run(after, request(1, longer(before, 1), Class::interactive));
    CHECK((places(after) == Places{{45, "memory disk"}, {49, "memory "}}));
}
