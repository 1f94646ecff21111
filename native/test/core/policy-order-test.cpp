// Who goes first, property by property.
#include <algorithm>
#include <random>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

struct Records : DecisionSink {
    void record(const Decision & decision) override { all.push_back(decision); }
    std::vector<Decision> of(Decision::Kind kind) const {
        std::vector<Decision> found;
        for (const Decision & d : all) {
            if (d.kind() == kind) found.push_back(d);
        }
        return found;
    }
    std::vector<Decision> all;
};

Hint hint(Hint::Kind kind, std::string tool = "", Micros expected = 0) {
    Hint h;
    h.kind = kind;
    h.tool = std::move(tool);
    h.expected = expected;
    return h;
}

}  // namespace

TEST("within its TTL a returning call precedes every new program of its class (invariant 13)") {
    for (bool in_time : {true, false}) {
        FakeEngine engine(pool(256, 32, 1));
        RequestId id = 1;
        engine.submit(request(id, 100, Class::workflow, 7), 3);
        CHECK(engine.drain(20));
        for (int i = 0; i < 5; ++i) engine.submit(request(++id, 100, Class::workflow, 10 + i), 30);
        engine.step();
        engine.now += in_time ? 2'000'000 : 12'000'000;
        engine.step();
        std::vector<Token> turn = engine.finished[1].tokens;
        engine.submit(request(99, turn, Class::workflow), 3);  // of no program: no privilege
        Request back = request(100, turn, Class::workflow);
        back.program = 7;
        engine.submit(back, 3);
        while (engine.finished.count(100) == 0) engine.step();
        CHECK_EQ(engine.finished.size(), in_time ? 3u : 7u);  // 1, the one that ran, itself
    }
}

TEST("the siblings of a fork return together: each precedes every new program of the class (invariant 13)") {
    FakeEngine engine(pool(256, 32, 2));
    engine.submit(request(1, 100, Class::workflow, 7), 3);
    CHECK(engine.drain(20));
    for (RequestId id : {2, 3}) engine.submit(request(id, 100, Class::workflow, 10 + id), 30);  // take both slots
    engine.step();
    for (RequestId id : {10, 11, 12, 13}) engine.submit(request(id, 60, Class::workflow, 20 + id), 3);
    engine.now += 2'000'000;
    for (RequestId id : {100, 101, 102}) {
        Request sibling = request(id, 60, Class::workflow, 7);
        sibling.group = 1;
        sibling.group_size = 3;
        engine.submit(sibling, 3);
    }
    CHECK(engine.drain(200));
    for (RequestId sibling : {100, 101, 102}) {
        for (RequestId fresh : {10, 11, 12, 13}) {
            CHECK(engine.finished[sibling].usage.admitted <= engine.finished[fresh].usage.admitted);
        }
    }
}

TEST("the last sibling of a fork goes to level 0, whatever its program has had, so that the join can go on") {
    for (GroupId group : {1, 0}) {
        SchedulerConfig config = pool(512, 32, 1);
        config.policy.level_edges = {50, 100, 200};
        config.policy.starving = 1 << 30;  // no request starves: that would be level 0 too
        config.policy.locality_window = 0;
        FakeEngine engine(config);
        RequestId id = 1000;
        ProgramId past = 500;
        for (int n_calls : {1, 1, 1, 1, 2, 2, 3, 4, 6, 9, 14, 24}) {  // what a program has had tells nothing
            for (int i = 0; i < n_calls; ++i) {
                engine.submit(request(id++, 10, Class::workflow, past), 1);
                CHECK(engine.drain(20));
            }
            engine.scheduler.hint(past++, hint(Hint::Kind::finished), engine.now);
        }
        CHECK(engine.scheduler.stats().service_tells_end < 500);
        engine.submit(request(1, 300, Class::workflow, 7), 3);
        CHECK(engine.drain(20));
        engine.now += 12'000'000;  // program 7 comes back late, like a new one, but at the lowest level
        const auto submit = [&](RequestId sibling_or_new, ProgramId program) {
            Request r = request(sibling_or_new, 60, Class::workflow, program);
            if (program == 7) r.group = group, r.group_size = 3;
            engine.submit(r, 3);
        };
        submit(90, 600);
        engine.step();
        for (RequestId sibling : {10, 11, 12}) submit(sibling, 7);
        submit(91, 601);
        const auto next = [&] {
            const size_t before = engine.finished.size();
            std::map<RequestId, FakeEngine::Finished> had = engine.finished;
            while (engine.finished.size() == before) engine.step();
            for (const auto & [done, end] : engine.finished) {
                if (!had.count(done)) return done;
            }
            return RequestId(0);
        };
        CHECK_EQ(next(), 90u);
        CHECK_EQ(next(), 91u);  // new, and yet before the siblings
        CHECK_EQ(next(), 10u);
        CHECK_EQ(next(), 11u);
        submit(92, 602);
        // One more sibling is live: alone it is the last of its fork.
        const RequestId last = next();
        CHECK_EQ(last, group ? 12u : 92u);
    }
}

TEST("the earlier deadline goes first, among equals") {
    FakeEngine engine(pool(64, 32, 1));
    for (RequestId id = 1; id <= 4; ++id) {
        Request r = request(id, 10, Class::workflow);
        if (id > 1) r.deadline = 1'000'000 - static_cast<Micros>(id) * 1000;
        engine.submit(r, 2);
    }
    for (RequestId id : {4, 3, 2, 1}) CHECK(step_until_runs(engine, id, id == 4 ? 1 : 2));
}

TEST("calls of a kind that came together run side by side, depth first in the tree of their prompts") {
    FakeEngine engine(pool(512, 32, 1));
    engine.submit(request(100, 10, Class::workflow), 3);
    engine.step();
    for (RequestId id = 1; id <= 12; ++id) {
        std::vector<Token> prompt = tokens_of(500 + id % 3, 300);  // three roles, one after the other
        for (Token token : tokens_of(id, 40)) prompt.push_back(token);
        engine.submit(request(id, prompt, Class::workflow), 1);
    }
    std::vector<RequestId> order;
    while (!engine.scheduler.idle()) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        const RequestId id = batch.rows[0].request;
        if (id < 100 && (order.empty() || order.back() != id)) order.push_back(id);
        engine.commit(batch);
    }
    CHECK(order == std::vector<RequestId>({1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}));
}

TEST("at most max_bypass smaller calls pass one that finds no room") {
    for (int32_t most : {0, 3, 8}) {
        SchedulerConfig config = pool(32, 8, 16);
        config.policy.max_bypass = most;
        config.reserve_percent = 0;
        FakeEngine engine(config);
        engine.submit(request(1, 150, Class::workflow), 60);  // 19 of 32 pages, 27 in the end
        engine.step();
        engine.submit(request(2, 140, Class::workflow), 2);
        RequestId id = 3;
        for (int i = 0; i < 40; ++i) {
            if (i % 2 == 0) engine.submit(request(id++, 10, Class::workflow), 2);
            engine.step();
        }
        CHECK_EQ(engine.scheduler.usage(2) ? engine.scheduler.usage(2)->bypassed : -1, most);
        CHECK(engine.drain(1000));
        CHECK(engine.finished[2].usage.bypassed <= most);
        CHECK_EQ(engine.finished[2].usage.output_tokens, 2);
    }
}

TEST("no request is preempted or paused for a worse class; every wait ends (invariants 9, 10, 11)") {
    std::mt19937_64 rng(9);
    for (int round = 0; round < 150; ++round) {
        SchedulerConfig config = pool(20 + static_cast<int32_t>(rng() % 60), 8, 1 + static_cast<int32_t>(rng() % 8));
        config.policy.age = {0, 200'000, 300'000};
        config.policy.overdue = 1'000'000;
        FakeEngine engine(config);
        Records records;
        engine.scheduler.log_to(&records);
        std::map<RequestId, Class> classes;
        for (RequestId id = 1; id <= 60; ++id) {
            classes[id] = static_cast<Class>(rng() % 3);
            engine.submit(request(id, 8 + static_cast<int32_t>(rng() % 60), classes[id], rng() % 8), 1 + rng() % 40);
            for (int i = rng() % 6; i > 0; --i) engine.step();
        }
        CHECK(engine.drain(60 * 4 * 200));
        for (const Decision & d : records.of(Decision::Kind::preempt)) {
            const RequestId winner = std::get<decision::Preempt>(d.what).in_favour_of;
            if (winner != 0 && classes[d.request] < classes[winner]) {
                // Only one that age had lifted beside it, for a page of its own.
                CHECK(classes[winner] != Class::interactive);
            }
        }
        for (const Decision & d : records.of(Decision::Kind::pause)) {
            CHECK(std::get<decision::Pause>(d.what).demand_pages > 0);
        }
        for (const auto & [id, done] : engine.finished) CHECK(done.usage.preemptions <= 3);
        engine.scheduler.log_to(nullptr);
    }
}

TEST("a program's service is that of its longest completed path (invariant 12)") {
    FakeEngine engine(pool(512, 32, 8));
    engine.submit(request(1, 100, Class::workflow, 5), 10);  // computes 109
    CHECK(engine.drain(100));
    CHECK_EQ(engine.scheduler.program(5)->service, 109);
    RequestId id = 2;
    for (int32_t n : {50, 200, 120}) engine.submit(request(id++, n, Class::workflow, 5), 2);  // three branches
    int64_t before = 109;
    while (!engine.scheduler.idle()) {
        engine.step();
        const int64_t service = engine.scheduler.program(5)->service;
        CHECK(service >= before);
        before = service;
    }
    CHECK_EQ(before, 109 + 201);
    CHECK_EQ(engine.scheduler.program(5)->computed_tokens, 109 + 51 + 201 + 121);
    CHECK_EQ(engine.scheduler.program(5)->calls, 4);
}

TEST("a call that would come too late is refused, and taken when the queue is shorter") {
    SchedulerConfig config = pool(4096, 32, 4);
    config.policy.cost = {1'000'000'000, 20'000'000, 0, 0, 0};
    FakeEngine engine(config);
    Request urgent = request(100, 100, Class::interactive);
    urgent.ttft_limit = 500'000;
    for (RequestId id = 1; id <= 40; ++id) engine.submit(request(id, 1000, Class::interactive), 10);
    CHECK(engine.submit(urgent, 3) == SubmitError::backpressure);
    CHECK(engine.scheduler.retry_after() > 100'000);
    CHECK(engine.scheduler.usage(100) == nullptr);
    SubmitError answer = SubmitError::backpressure;
    for (int i = 0; i < 10 && answer == SubmitError::backpressure; ++i) {
        const Micros later = engine.now + engine.scheduler.retry_after();
        while (engine.now < later && !engine.scheduler.idle()) engine.step();
        answer = engine.submit(urgent, 3);
    }
    CHECK(answer == SubmitError::none);
    CHECK(engine.drain(1000));
    const RequestUsage & usage = engine.finished[100].usage;
    CHECK(usage.first_token - usage.submitted < 2 * urgent.ttft_limit);
}

TEST("same calls, same decisions, record by record (invariant 22)") {
    std::vector<std::string> runs[2];
    for (auto & lines : runs) {
        std::mt19937_64 rng(31);
        SchedulerConfig config = pool(120, 8, 4);
        config.policy.cost = {1'000'000'000, 5'000'000, 100'000, 1'000, 1'000'000};
        FakeEngine engine(config);
        Records records;
        engine.scheduler.log_to(&records);
        for (RequestId id = 1; id <= 150; ++id) {
            engine.submit(request(id, 8 + static_cast<int32_t>(rng() % 100), static_cast<Class>(rng() % 3), rng() % 9),
                          1 + rng() % 20);
            if (rng() % 4 == 0) engine.scheduler.hint(1 + rng() % 8, hint(Hint::Kind::tool_started, "x"), engine.now);
            for (int i = rng() % 5; i > 0; --i) engine.step();
        }
        CHECK(engine.drain(50'000));
        engine.scheduler.log_to(nullptr);
        for (const Decision & d : records.all) lines.push_back(std::to_string(d.at) + " " + describe(d));
        uint64_t counted = 0;
        for (uint64_t n : engine.scheduler.stats().decisions) counted += n;
        CHECK_EQ(counted, records.all.size());
    }
    CHECK(runs[0].size() > 1000);
    CHECK(runs[0] == runs[1]);
}
