// Drafts: what requests say with them is what they say without, whatever drafts them and however wrong they are; they
// evict nothing.
#include <functional>

#include "core/drafts/drafter.h"
#include "fake-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** Knows what the make-believe model says next, and says so, or something else. */
class Oracle final : public DraftSource {
  public:
    /** right(n): is the n-th token that it drafts to be right? chance: what it believes of itself. */
    Oracle(const FakeEngine & engine, std::function<bool(uint64_t)> right, int32_t chance)
        : engine_(engine), right_(std::move(right)), chance_(chance) {}

    Draft draft(const DraftQuery & query, int32_t most) override {
        Draft out;
        uint64_t path = mix(1, query.salt);
        for (const Token token : query.tokens) path = mix(path, token);
        int64_t chance = kCertain;
        for (; out.n < most; ++out.n) {
            const auto token = static_cast<Token>(path % engine_.vocabulary);
            chance = chance * chance_ / 100;
            out.chance[out.n] = static_cast<int32_t>(chance);
            out.tokens[out.n] = right_(n_++) ? token : (token + 1) % engine_.vocabulary;
            path = mix(path, out.tokens[out.n]);
        }
        return out;
    }
    void ended(const DraftQuery &, bool) override { ++n_ended; }
    int n_ended = 0;

  private:
    const FakeEngine & engine_;
    std::function<bool(uint64_t)> right_;
    int32_t chance_;
    uint64_t n_ = 0;
};

struct DecisionTexts final : DecisionSink {
    void record(const Decision & decision) override { texts.push_back(describe(decision)); }
    std::vector<std::string> texts;
};

SchedulerConfig config(DraftMode mode) {
    SchedulerConfig c;
    c.n_pages = 64;
    c.page_tokens = 8;
    c.max_running = 4;
    c.draft_tokens = mode;
    return c;
}

void run(FakeEngine & engine, int32_t n_requests, int32_t n_output) {
    for (int32_t i = 1; i <= n_requests; ++i) {
        CHECK(engine.submit(request(i, tokens_of(i, 20)), n_output) == SubmitError::none);
    }
    CHECK(engine.drain(100'000));
}

}  // namespace

TEST("right, wrong and mixed drafts: the same tokens, fewer steps, every page back") {
    FakeEngine plain(config(DraftMode::off));
    run(plain, 6, 60);
    const std::function<bool(uint64_t)> kinds[] = {[](uint64_t) { return false; }, [](uint64_t) { return true; },
                                                   [](uint64_t n) { return mix(3, n) % 2 == 0; },
                                                   [](uint64_t n) { return mix(5, n) % 8 != 0; }};
    for (const auto & right : kinds) {
        FakeEngine engine(config(DraftMode::always));
        Oracle oracle(engine, right, 90);
        engine.scheduler.draft_by(oracle);
        run(engine, 6, 60);
        for (RequestId id = 1; id <= 6; ++id) {
            CHECK(engine.finished[id].tokens == plain.finished[id].tokens);
            const RequestUsage & usage = engine.finished[id].usage;
            CHECK_EQ(usage.output_tokens, 60);
            CHECK_EQ(usage.computed_tokens, plain.finished[id].usage.computed_tokens);
            CHECK(usage.drafted_tokens > 0 && usage.accepted_tokens <= usage.drafted_tokens);
        }
        const SchedulerStats stats = engine.scheduler.stats();
        CHECK_EQ(static_cast<int64_t>(stats.drafted_tokens), engine.n_drafted);
        CHECK(static_cast<int64_t>(stats.accepted_tokens) <= engine.n_kept);
        CHECK(stats.steps <= plain.scheduler.stats().steps);
        CHECK_EQ(oracle.n_ended, 6);
        engine.scheduler.clear_cache();
        CHECK_EQ(engine.scheduler.stats().pages_free, 64);
        CHECK_EQ(engine.scheduler.check_integrity(), "");
    }
}

TEST("forced tokens: the same tokens in fewer steps, with drafts or without, in steps that hold few, and at a limit") {
    FakeEngine plain(config(DraftMode::off));
    run(plain, 6, 60);
    for (const auto mode : {DraftMode::off, DraftMode::always}) {
        for (const int32_t most : {5, 512}) {
            SchedulerConfig c = config(mode);
            c.max_batch_tokens = most;
            FakeEngine engine(c);
            engine.most_forced = 9;
            run(engine, 6, 60);
            int64_t n_forced = 0;
            for (RequestId id = 1; id <= 6; ++id) {
                CHECK(engine.finished[id].tokens == plain.finished[id].tokens);
                const RequestUsage & usage = engine.finished[id].usage;
                CHECK_EQ(usage.output_tokens, 60);
                CHECK_EQ(usage.preemptions, 0);
                CHECK(usage.forced_tokens > 30);
                n_forced += usage.forced_tokens;
            }
            const SchedulerStats stats = engine.scheduler.stats();
            CHECK_EQ(static_cast<int64_t>(stats.forced_tokens), n_forced);
            CHECK_EQ(stats.decisions[static_cast<size_t>(Decision::Kind::jump)] > 0, true);
            if (most > 5) CHECK(stats.steps * 2 < plain.scheduler.stats().steps);
            engine.scheduler.clear_cache();
            CHECK_EQ(engine.scheduler.stats().pages_free, 64);
        }
    }
    FakeEngine engine(config(DraftMode::off));
    engine.most_forced = 9;
    engine.submit(request(1, tokens_of(1, 20), 17), 1000);
    CHECK(engine.drain(100));
    CHECK_EQ(engine.finished[1].usage.output_tokens, 17);
}

TEST("what a grammar leaves no choice about is a draft; one that was wrong of late is believed less") {
    Drafter drafter(4);
    std::vector<Token> tokens = tokens_of(1, 20);
    const std::vector<Token> likely = {7, 8, 9};
    int32_t first = 0, later = 0;
    for (int i = 0; i < 40; ++i) {
        const Draft draft = drafter.draft({1, 0, true, tokens, 5, nullptr, 0, likely.data(), 3, 2}, kMostDraft);
        CHECK(draft.kind == DraftKind::grammar && draft.n == 3 && draft.tokens[2] == 9);
        CHECK(draft.chance[1] > 2 * draft.chance[2]);
        if (i == 0) first = draft.chance[0];
        later = draft.chance[0];
        tokens.push_back(1000 + i);
    }
    CHECK(first > kCertain * 8 / 10 && later < kCertain / 3);
}

TEST("of a draft's chance the latest tries count: what was right a thousand times and then is not is seen soon") {
    DraftScores scores;
    const DraftMark mark{DraftKind::own, 6, 5};
    for (int i = 0; i < 20'000; ++i) scores.count(mark, 0, true);
    CHECK(scores.chance(mark, 0) > kCertain * 98 / 100);
    for (int i = 0; i < 2'000; ++i) scores.count(mark, 0, false);
    CHECK(scores.chance(mark, 0) < kCertain / 4);
}

TEST("certain drafts end a request in a fraction of the steps, and exactly at its limit") {
    for (const int32_t limit : {1, 2, 7, 16, 17, 40}) {
        FakeEngine engine(config(DraftMode::always));
        Oracle oracle(
            engine, [](uint64_t) { return true; }, 99);
        engine.scheduler.draft_by(oracle);
        engine.submit(request(1, tokens_of(1, 20), limit), 1000);
        CHECK(engine.drain(100));
        CHECK_EQ(engine.finished[1].usage.output_tokens, limit);
        CHECK(engine.scheduler.stats().steps <= static_cast<uint64_t>(2 + limit / 15 + 1));
    }
}

TEST("a draft takes no page that is promised or cached, and preempts nothing") {
    SchedulerConfig c = config(DraftMode::always);
    c.n_pages = 12;
    c.max_running = 3;
    for (const bool drafts : {false, true}) {
        c.draft_tokens = drafts ? DraftMode::always : DraftMode::off;
        FakeEngine engine(c);
        Oracle oracle(
            engine, [](uint64_t n) { return n % 16 < 2; }, 90);
        if (drafts) engine.scheduler.draft_by(oracle);
        for (RequestId id = 1; id <= 5; ++id) engine.submit(request(id, tokens_of(id, 12), 16), 16);
        CHECK(engine.drain(1000));
        CHECK_EQ(engine.scheduler.stats().preemptions, 0u);
        for (RequestId id = 1; id <= 5; ++id) CHECK_EQ(engine.finished[id].usage.output_tokens, 16);
    }
}

TEST("a draft beyond what a step may hold is cut, the least likely first") {
    std::vector<Draft> drafts(3);
    const std::vector<std::vector<int32_t>> chances = {{90, 50, 10}, {80, 70, 60}, {5}};
    for (size_t d = 0; d < drafts.size(); ++d) {
        for (const int32_t chance : chances[d]) drafts[d].chance[static_cast<size_t>(drafts[d].n++)] = chance;
    }
    Drafting drafting(DraftMode::always, 1);
    const auto cut = [&](int32_t most) {
        std::vector<Draft> some = drafts;
        DraftStep step;
        step.n_rows = 3;
        step.most = most;
        drafting.choose(some, step);
        return std::vector<int32_t>{some[0].n, some[1].n, some[2].n};
    };
    CHECK(cut(99) == (std::vector<int32_t>{3, 3, 1}));
    CHECK(cut(4) == (std::vector<int32_t>{1, 3, 0}));
    CHECK(cut(1) == (std::vector<int32_t>{1, 0, 0}));
    CHECK(cut(0) == (std::vector<int32_t>{0, 0, 0}));
    CHECK(cut(-1) == (std::vector<int32_t>{0, 0, 0}));
}

TEST("looks that are a part of a step become fewer once they were in vain, and all of them come back with a draft") {
    for (const Micros takes : {700, 40'000}) {
        Drafting drafting(DraftMode::automatic, 8);
        DraftStep step;
        step.n_rows = 8;
        step.most = 64;
        step.row = takes / 40;
        const auto pass = [&](bool drafted) {
            const bool may_check = drafting.may_check(step.n_rows), asked = drafting.asks(may_check, step);
            std::vector<Draft> drafts(1);
            if (drafted) {
                drafts[0].n = 2;
                drafts[0].chance = {kCertain, kCertain};
            }
            const int32_t n = asked && may_check ? drafting.choose(drafts, step).n : 0;
            drafting.commit(step, n, n, takes);
            return asked;
        };
        for (int i = 0; i < 20; ++i) pass(false);
        int asked = 0;
        for (int i = 0; i < 80; ++i) asked += pass(false);
        CHECK_EQ(asked, takes < 5'000 ? 10 : 80);  // 8 rows' looks are 24 us
        for (int i = 0; i < 8; ++i) pass(true);
        asked = 0;
        for (int i = 0; i < 20; ++i) asked += pass(true);
        CHECK(asked >= 19);
    }
}

TEST("auto: where drafts pay they are checked, where they are wrong they rest, and what is said is the same") {
    constexpr Micros kStep = 10'000;
    SchedulerConfig c = config(DraftMode::automatic);
    c.n_pages = 400;
    c.policy.cost.step = kStep * 1'000'000;
    for (const bool right : {true, false}) {
        FakeEngine engine(c);
        Oracle oracle(
            engine, [right](uint64_t) { return right; }, 95);
        engine.scheduler.draft_by(oracle);
        DecisionTexts said;
        engine.scheduler.log_to(&said);
        for (RequestId id = 1; id <= 2; ++id) engine.submit(request(id, tokens_of(id, 20), 1000), 1000);
        Micros drafted = 0;
        for (int i = 0; i < 5'000 && !engine.scheduler.idle(); ++i) {
            const Batch & batch = engine.scheduler.schedule(engine.now);
            for (const BatchRow & row : batch.rows) drafted += row.n_drafts * kStep / 4;
            for (const BatchRow & row : batch.rows) engine.now += row.n_drafts * kStep / 4;
            engine.commit(batch);
        }
        CHECK(engine.scheduler.idle());
        const SchedulerStats stats = engine.scheduler.stats();
        CHECK(stats.draft_steps > 0 && stats.draft_steps <= stats.drafted_tokens);
        const int64_t n_rests = stats.decisions[static_cast<size_t>(Decision::Kind::draft_rest)];
        CHECK_EQ(n_rests > 0, !right);
        CHECK_EQ(stats.draft_saved > 0, right);
        if (!right) CHECK_EQ(stats.draft_saved, -drafted);
        const auto tells = [&](const char * words) {
            return std::any_of(said.texts.begin(), said.texts.end(),
                               [&](const std::string & text) { return text.find(words) != std::string::npos; });
        };
        CHECK(tells("tokens expected in"));
        CHECK_EQ(tells("no drafts for 64 steps: the last cost more than they saved"), !right);
        SchedulerConfig without = c;
        without.draft_tokens = DraftMode::off;
        FakeEngine plain(without);
        for (RequestId id = 1; id <= 2; ++id) plain.submit(request(id, tokens_of(id, 20), 1000), 1000);
        CHECK(plain.drain(5'000));
        for (RequestId id = 1; id <= 2; ++id) CHECK(engine.finished[id].tokens == plain.finished[id].tokens);
    }
}

TEST("a drafter goes on as the request, its tenant and the tree did, and tells no tenant of another") {
    Drafter drafter(4);
    std::vector<Token> repeats;
    for (int i = 0; i < 3; ++i) {
        for (Token token = 10; token < 20; ++token) repeats.push_back(token);
    }
    const auto query = [&](RequestId id, Salt salt, bool shares, const std::vector<Token> & tokens, int32_t n_prompt) {
        return DraftQuery{id, salt, shares, tokens, n_prompt, nullptr, 0};
    };
    const Draft own = drafter.draft(query(1, 0, true, repeats, 5), kMostDraft);
    CHECK_EQ(own.n, kMostDraft);
    for (int i = 0; i < 10; ++i) CHECK_EQ(own.tokens[i], 10 + i % 10);
    CHECK(own.kind == DraftKind::own && own.chance[0] > own.chance[5]);

    drafter.ended(query(1, 0, true, repeats, 5), true);
    const std::vector<Token> fresh = {1, 2, 3, 14, 15};
    const Draft tenant = drafter.draft(query(2, 0, true, fresh, 3), 4);
    CHECK(tenant.kind == DraftKind::tenant);
    CHECK_EQ(tenant.n, 4);
    CHECK_EQ(tenant.tokens[0], 16);
    CHECK_EQ(drafter.draft(query(3, 1, true, fresh, 3), 4).n, 0);   // another tenant
    CHECK_EQ(drafter.draft(query(4, 0, false, fresh, 3), 4).n, 0);  // shares nothing
    drafter.ended(query(4, 0, false, {70, 71, 72, 73, 74}, 1), true);
    drafter.ended(query(5, 0, true, {80, 81, 82, 83, 84}, 1), false);  // cut off
    CHECK_EQ(drafter.draft(query(6, 0, true, {70, 71}, 1), 4).n, 0);
    CHECK_EQ(drafter.draft(query(7, 0, true, {80, 81}, 1), 4).n, 0);

    const Token ahead[] = {90, 91};
    const std::vector<Token> nothing = {60, 61, 62};
    const Draft tree = drafter.draft({8, 0, true, nothing, 2, ahead, 2}, 4);
    CHECK(tree.kind == DraftKind::tree);
    CHECK_EQ(tree.n, 2);
    CHECK_EQ(tree.tokens[1], 91);
}

TEST("a drafter's memory stays below its bound however much is said") {
    Drafter drafter(256);
    for (RequestId id = 1; id <= 2000; ++id) {
        const std::vector<Token> tokens = tokens_of(id, 600);
        const DraftQuery query{id, id % 40, true, tokens, 100, nullptr, 0};
        drafter.draft(query, kMostDraft);
        if (id > 256) {
            const std::vector<Token> other = tokens_of(id - 256, 600);
            drafter.ended({id - 256, (id - 256) % 40, true, other, 100, nullptr, 0}, true);
        }
        CHECK(drafter.bytes() <= Drafter::kMostBytes);
    }
}
