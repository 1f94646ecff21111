// Random operations over the whole core: after each of them every structure is consistent, every row of every batch
// reads exactly its own past, and in the end everybody has finished.
#include <random>

#include "fake-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

class RandomLife {
  public:
    /** n_states: 0 is a model without recurrent layers. tiers: pages are kept outside the pool as well. */
    RandomLife(uint64_t seed, int32_t n_states, bool tiers = false)
        : rng_(seed), tiers_(tiers), engine(config(seed, n_states)) {
        engine.vocabulary = 3;
        if (seed % 8 >= 4) engine.faults = &rng_;
    }

    void operate() {
        if (tiers_ && pick(3) == 0) return operate_tier();
        switch (pick(18)) {
            case 0:
            case 1:
            case 2:
                submit();
                break;
            case 3:
                if (pick(3) == 0) engine.cancel(some_live());
                break;
            case 4:
                engine.step(/*fail=*/pick(3) == 0);
                break;
            case 5:
                between_schedule_and_commit();
                break;
            case 6:
                pin();
                break;
            case 7:
                unpin();
                break;
            case 8:
                engine.now += pick(4) == 0 ? 50'000'000 : pick(1000);
                break;
            case 9:
                if (pick(20) == 0) engine.scheduler.clear_cache();
                break;
            case 10:
            case 11:
                hint();
                break;
            default:
                engine.step();
                break;
        }
    }

    uint64_t submitted = 0;

  private:
    /** Reads and writes go out and end, in any order, late, badly or never; pages vanish. */
    void operate_tier() {
        FakeTier & tier = engine.tier;
        engine.take_tier_work();
        const bool sound = pick(12) != 0;
        tier.lossy |= !sound;
        const ReadEnd how = sound ? ReadEnd::sound : static_cast<ReadEnd>(1 + pick(2));
        if (pick(2) && !tier.reads.empty()) engine.end_read(pick(static_cast<int32_t>(tier.reads.size())), how);
        if (pick(2) && !tier.writes.empty()) {
            tier.end_write(engine.scheduler, pick(static_cast<int32_t>(tier.writes.size())), sound);
        }
        if (pick(30) == 0 && !tier.pages.empty()) {
            tier.lossy = true;
            const auto lost = std::next(tier.pages.begin(), pick(static_cast<int32_t>(tier.pages.size())));
            if (pick(2)) tell_lost(lost->first);
            tier.pages.erase(lost);
        }
        if (pick(4) == 0) {
            const Micros alarm = engine.scheduler.alarm();
            if (alarm < kNever) engine.now = std::max(engine.now, alarm);
        }
        if (pick(200) == 0) engine.scheduler.store_all();
    }

    void tell_lost(const PageKey & key) {
        if (engine.tier.states.count(key) > 0) return engine.scheduler.take_state_news({{}, {key}});
        engine.scheduler.take_news({{}, {key}}, Tier::disk);
    }

    SchedulerConfig config(uint64_t seed, int32_t n_states) {
        SchedulerConfig c;
        c.n_states = n_states;
        const int32_t every[] = {8192, 7, 1, 0};
        c.state_every = every[seed / 8 % 4];
        c.small_states = seed % 3 == 0;
        const int32_t sizes[] = {1, 2, 3, 4, 8, 32};
        c.page_tokens = sizes[pick(6)];
        c.n_pages = 4 + pick(60);
        c.max_running = 1 + pick(12);
        c.max_batch_tokens = 1 + pick(pick(2) ? 8 : 60);
        c.max_context = pick(2) ? 0 : 8 + pick(60);
        c.reserve_percent = pick(3) * 15;
        c.prefix_reuse = pick(6) != 0;
        c.batching = pick(8) != 0;
        c.draft_tokens = static_cast<DraftMode>(seed % 3);
        if (pick(3) != 0) c.policy = policy(c.max_running);
        if (!tiers_) return c;
        c.tiers.on = true;
        c.tiers.first = pick(3) * 100;
        c.tiers.page = pick(50);
        c.tiers.most_reading = 1 + pick(10);
        c.tiers.most_writing = 1 + pick(10);
        if (n_states == 0) return c;
        c.tiers.pages = seed % 5 != 0;  // false: a model that is recurrent alone
        c.tiers.state_pages = 1 + pick(pick(2) ? 2 : 40);
        return c;
    }

    PolicyConfig policy(int32_t max_running) {
        PolicyConfig p;
        p.batching = static_cast<Batching>(pick(4) ? 0 : 1 + pick(2));
        p.group_size = pick(max_running + 1);
        p.order = static_cast<Order>(pick(5) == 0);
        p.eviction = static_cast<Eviction>(pick(3) == 0);
        if (pick(3))
            p.cost = {pick(20) * 1'000'000'000ll, pick(100) * 1'000'000ll, pick(100) * 1'000ll, pick(100) * 10'000ll,
                      pick(100) * 1'000'000ll};
        p.refit = pick(3) == 0;
        for (Micros & target : p.step_target) target = 1 + pick(20'000);
        for (Micros & age : p.age) age = pick(3) * 1'000'000;
        p.tile = 1 + pick(16);
        p.min_prefill = 1 + pick(8);
        p.high = 500 + pick(501);
        p.low = pick(p.high + 1);
        p.tick = 1000 * (1 + pick(50));
        p.window_start = 1 + pick(8);
        p.overdue = 1 + pick(5'000'000);
        p.quantum = pick(3) ? pick(64) : 0;
        p.locality_window = pick(3) * 8;
        p.max_bypass = pick(4);
        p.keep_unknown = pick(100'000);
        p.tool_samples = 1 + pick(20);
        return p;
    }

    int32_t pick(int32_t n) { return static_cast<int32_t>(rng_() % n); }

    std::vector<Token> tokens(int32_t n) {
        std::vector<Token> out;
        for (int32_t i = 0; i < n; ++i) out.push_back(pick(8) == 0 ? pick(3) : 0);  // long common prefixes
        return out;
    }

    /** Anew, or going on from (a part of) what a live or finished request has: a next turn, a fork, a sibling. */
    void submit() {
        if (engine.truths.size() > 40) return;
        Request r = request(++submitted, {}, pick(2) ? 0 : 1 + pick(12));
        if (pick(2) && !history_.empty()) r.prompt = history_[pick(static_cast<int32_t>(history_.size()))];
        if (pick(3) == 0) r.prompt.resize(pick(static_cast<int32_t>(r.prompt.size()) + 1));
        const std::vector<Token> tail = tokens(pick(24));
        r.prompt.insert(r.prompt.end(), tail.begin(), tail.end());
        r.cls = static_cast<Class>(pick(3));
        r.program = pick(3) ? pick(5) : 0;
        r.salt = pick(4) == 0;
        r.tenant = pick(3);
        r.tenant_weight = 1 + pick(4);
        r.group = pick(3) ? 0 : 1 + pick(2);
        r.static_tokens = pick(4) ? 0 : pick(20);
        if (engine.config.n_states > 0) r.boundary = pick(2) ? 0 : pick(40);
        if (pick(4) == 0) r.deadline = engine.now + pick(10'000);
        if (pick(8) == 0) r.ttft_limit = 1 + pick(50'000);
        const bool limited = r.ttft_limit > 0;
        r.cache = pick(10) != 0;
        if (tiers_) r.durable = pick(4) == 0;
        const int32_t limit = engine.config.n_pages * engine.config.page_tokens;
        const int32_t context = engine.config.max_context ? std::min(limit, engine.config.max_context) : limit;
        const SubmitError expected = r.prompt.empty()                                   ? SubmitError::empty_prompt
                                     : static_cast<int32_t>(r.prompt.size()) >= context ? SubmitError::prompt_too_long
                                                                                        : SubmitError::none;
        if (expected == SubmitError::none) history_.push_back(r.prompt);
        if (history_.size() > 30) history_.erase(history_.begin());
        const SubmitError got = engine.submit(std::move(r), 1 + pick(20));
        if (got == SubmitError::backpressure) {
            CHECK(limited && engine.scheduler.retry_after() > 0);
            --submitted;
            return;
        }
        CHECK(got == expected);
    }

    /** Of a program that may or may not exist, with fields that may or may not be sound. */
    void hint() {
        Hint h;
        h.kind = static_cast<Hint::Kind>(pick(6));
        h.tool = std::string(1, static_cast<char>('a' + pick(3)));
        h.expected = pick(3) ? 0 : pick(100'000);
        h.salt = pick(4) == 0;
        if (pick(4) && !history_.empty()) h.tokens = history_[pick(static_cast<int32_t>(history_.size()))];
        h.steps = pick(4);
        h.from = pick(2) ? 0 : pick(12);
        const ProgramId program = 1 + pick(5);
        if (h.kind == Hint::Kind::next_prefix) h.salt = program % 2;  // of a program always the same
        const HintError error = engine.hint(program, h);
        if (h.steps == 0) CHECK(error == HintError::bad_steps);
    }

    RequestId some_live() {
        if (engine.truths.empty()) return 0;
        return std::next(engine.truths.begin(), pick(static_cast<int32_t>(engine.truths.size())))->first;
    }

    void between_schedule_and_commit() {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        auto known = engine.known;  // the step computes ahead what was known when it was planned
        if (pick(2)) engine.cancel(some_live());
        if (pick(3) == 0) pin();
        if (pick(3) == 0) unpin();
        if (pick(3) == 0) submit();
        if (pick(3) == 0) hint();
        if (pick(5) == 0) engine.scheduler.clear_cache();
        if (tiers_ && pick(2)) operate_tier();
        CHECK_EQ(engine.scheduler.check_integrity(), "");
        std::swap(known, engine.known);
        engine.commit(batch, pick(3) == 0);
        engine.known = std::move(known);
    }

    void pin() {
        if (history_.empty()) return;
        const std::vector<Token> & path = history_[pick(static_cast<int32_t>(history_.size()))];
        uint64_t id = 0;
        const int32_t pinned = engine.scheduler.pin(pick(4) == 0, path, engine.now + pick(100'000), &id);
        CHECK_EQ(pinned > 0, id != 0);
        if (id) pins_.push_back(id);
    }

    void unpin() {
        if (pins_.empty()) return;
        engine.scheduler.unpin(pins_[pick(static_cast<int32_t>(pins_.size()))]);
    }

    std::mt19937_64 rng_;
    bool tiers_;
    std::vector<std::vector<Token>> history_;
    std::vector<uint64_t> pins_;

  public:
    FakeEngine engine;
};

constexpr int32_t kStates[] = {0, 1, 3, 64};

/** Lives one life; returns the hash of its decisions. */
uint64_t live(uint64_t seed, int operations, uint64_t * n_loaded = nullptr, bool tiers = false, int32_t n_states = 0) {
    RandomLife life(seed, tiers ? n_states : kStates[seed % 4], tiers);
    life.engine.most_forced = seed % 5 < 2 ? 0 : 9;
    const int before = failures();
    for (int i = 0; i < operations && failures() == before; ++i) {
        life.operate();
        CHECK_EQ(life.engine.scheduler.check_integrity(), "");
        for (const auto & [id, truth] : life.engine.truths) {
            const RequestUsage * usage = life.engine.scheduler.usage(id);
            CHECK(usage && usage->preemptions <= 3);
        }
    }
    life.engine.faults = nullptr;  // each would be a start from anew
    // No step is empty, and no request is preempted more than 3 times: the work left is bounded.
    int bound = 0;
    for (const auto & [id, truth] : life.engine.truths) bound += 4 * truth.end;
    for (const auto & [id, truth] : life.engine.known) bound += truth.end;  // may be computed ahead
    CHECK(life.engine.drain(bound * 2));
    const SchedulerStats stats = life.engine.scheduler.stats();
    CHECK_EQ(stats.finished + stats.cancelled, stats.submitted);
    CHECK_EQ(stats.pages_free + stats.pages_used, stats.pages_total);
    if (failures() != before) std::fprintf(stderr, "  seed %llu\n", static_cast<unsigned long long>(seed));
    const FakeTier & tier = life.engine.tier;
    if (n_loaded) *n_loaded += n_states > 0 ? tier.n_states_read : tiers ? tier.n_read : life.engine.n_loaded;
    return life.engine.decisions;
}

}  // namespace

TEST("60 lives of 1,000 random operations keep every invariant, and everybody finishes") {
    for (uint64_t seed = 1; seed <= 60 && failures() == 0; ++seed) live(seed, 1000);
}

TEST("4 lives of 10,000 random operations keep every invariant") {
    for (uint64_t seed = 1001; seed <= 1004 && failures() == 0; ++seed) live(seed, 10'000);
}

TEST("a million random operations on models with recurrent layers: no state is ever wrong") {
    uint64_t n_loaded = 0;
    for (uint64_t seed = 2001; seed <= 3333 && failures() == 0; ++seed) {
        if (seed % 4 != 0) live(seed, 1000, &n_loaded);
    }
    CHECK(n_loaded > 10'000);
}

TEST("a million random operations with pages outside the pool: late, lost and wrong ones cost time and nothing else") {
    uint64_t n_read = 0;
    for (uint64_t seed = 4001; seed <= 5000 && failures() == 0; ++seed) live(seed, 1000, &n_read, true);
    CHECK(n_read > 5'000);
}

TEST(
    "a million random operations with pages and states outside: late, lost and wrong ones cost time and nothing else") {
    uint64_t n_read = 0;
    for (uint64_t seed = 6001; seed <= 7000 && failures() == 0; ++seed) {
        live(seed, 1000, &n_read, true, kStates[1 + seed % 3]);
    }
    CHECK(n_read > 1'000);
}

TEST("same seed, same decisions") {
    for (uint64_t seed = 1; seed <= 10; ++seed) CHECK_EQ(live(seed, 1000), live(seed, 1000));
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        CHECK_EQ(live(seed, 1000, nullptr, true), live(seed, 1000, nullptr, true));
        CHECK_EQ(live(seed, 1000, nullptr, true, 3), live(seed, 1000, nullptr, true, 3));
    }
    CHECK(live(1, 1000) != live(2, 1000));
}
