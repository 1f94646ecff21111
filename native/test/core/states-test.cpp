// Models with recurrent layers: where their state is saved, and how little is computed again for want of it.
#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** Every run ends with this: no row, slot or state was ever wrong (FakeEngine), and nothing hangs. */
void finish(FakeEngine & engine) {
    CHECK(engine.drain(10'000));
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}

SchedulerConfig recurrent(int32_t n_states, int32_t n_pages = 400, int32_t max_running = 8) {
    SchedulerConfig config = pool(n_pages, 32, max_running);
    config.n_states = n_states;
    return config;
}

std::vector<Token> operator+(std::vector<Token> a, const std::vector<Token> & b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/** Runs one request to its end. */
FakeEngine::Finished run(FakeEngine & engine, Request request, int32_t n_output) {
    const RequestId id = request.id;
    CHECK(engine.submit(std::move(request), n_output) == SubmitError::none);
    finish(engine);
    return engine.finished.at(id);
}

/** Prompt tokens that were run through the model. */
int32_t prefilled(const FakeEngine::Finished & done) {
    return done.usage.computed_tokens - (done.usage.output_tokens - 1);
}

Request of_program(Request r, ProgramId program) {
    r.program = program;
    return r;
}

}  // namespace

TEST("a session of 11 turns computes its new tokens, and one more a turn at most") {
    FakeEngine engine(recurrent(8));
    std::vector<Token> history = tokens_of(1, 500);
    int32_t added = 500;
    for (RequestId turn = 1; turn <= 11; ++turn) {
        const auto done = run(engine, of_program(request(turn, history), 1), 20);
        CHECK(prefilled(done) <= added + (turn > 1));
        history = done.tokens + tokens_of(100 + turn, 37);
        added = 37;
    }
    CHECK_EQ(engine.n_loaded, 10u);
}

TEST("a turn after a sub-agent computes its new tokens and one more") {
    FakeEngine engine(recurrent(8));
    const std::vector<Token> system = tokens_of(1, 300);
    const auto first = run(engine, of_program(request(1, system + tokens_of(2, 100)), 1), 20);
    run(engine, of_program(request(2, system + tokens_of(3, 200)), 2), 20);
    const auto next = run(engine, of_program(request(3, first.tokens + tokens_of(4, 50)), 1), 20);
    CHECK(prefilled(next) <= 51);
}

TEST("system prompt and tools are computed once, even for a second agent that shares nothing else") {
    FakeEngine engine(recurrent(8));
    const std::vector<Token> system = tokens_of(1, 333);
    for (RequestId id = 1; id <= 4; ++id) {
        Request r = of_program(request(id, system + tokens_of(10 + id, 60)), id);
        r.static_tokens = 333;
        CHECK_EQ(prefilled(run(engine, std::move(r), 5)), id == 1 ? 393 : 60);
    }
}

TEST("where prompts part the second visitor saves a state, and the third computes only its own") {
    FakeEngine engine(recurrent(8));
    const std::vector<Token> shared = tokens_of(1, 400);
    CHECK_EQ(prefilled(run(engine, request(1, shared + tokens_of(2, 50)), 5)), 450);
    CHECK_EQ(prefilled(run(engine, request(2, shared + tokens_of(3, 50)), 5)), 450);
    CHECK_EQ(prefilled(run(engine, request(3, shared + tokens_of(4, 50)), 5)), 50);
    // An equal prompt needs the logits of its last token: the stop is before it.
    CHECK_EQ(prefilled(run(engine, request(4, shared + tokens_of(4, 50)), 5)), 50);
    CHECK_EQ(prefilled(run(engine, request(5, shared + tokens_of(4, 50)), 5)), 1);
}

TEST("prompts that come together compute what they share once") {
    FakeEngine engine(recurrent(12));
    const std::vector<Token> shared = tokens_of(1, 1000);
    for (RequestId id = 1; id <= 4; ++id) {
        CHECK(engine.submit(request(id, shared + tokens_of(10 + id, 50)), 5) == SubmitError::none);
    }
    finish(engine);
    int32_t all = 0;
    for (RequestId id = 1; id <= 4; ++id) all += prefilled(engine.finished.at(id));
    CHECK_EQ(all, 1000 + 4 * 50);
}

TEST("equal prompts that come together are computed once, but for their last token") {
    FakeEngine engine(recurrent(12));
    for (RequestId id = 1; id <= 4; ++id) {
        CHECK(engine.submit(request(id, tokens_of(1, 1000)), 5) == SubmitError::none);
    }
    finish(engine);
    int32_t all = 0;
    for (RequestId id = 1; id <= 4; ++id) all += prefilled(engine.finished.at(id));
    CHECK_EQ(all, 1000 + 3);
}

TEST("a branch of a fork loads the state that its parent ended with") {
    FakeEngine engine(recurrent(12));
    const auto parent = run(engine, of_program(request(1, tokens_of(1, 500)), 1), 20);
    for (RequestId id = 2; id <= 5; ++id) {
        Request r = of_program(request(id, parent.tokens + tokens_of(id, 10)), 1);
        r.group = 1;
        r.group_size = 4;
        CHECK(engine.submit(std::move(r), 5) == SubmitError::none);
    }
    finish(engine);
    for (RequestId id = 2; id <= 5; ++id) CHECK(prefilled(engine.finished.at(id)) <= 11);
}

TEST("calls without a session go on from where the next prompt leaves theirs") {
    FakeEngine engine(recurrent(8));
    std::vector<Token> history = tokens_of(1, 400);
    const std::vector<Token> opening = tokens_of(99, 4);  // of an answer
    for (RequestId turn = 1; turn <= 5; ++turn) {
        Request r = of_program(request(turn, history + opening), 1);
        r.boundary = static_cast<int32_t>(history.size());
        const int32_t computed = prefilled(run(engine, std::move(r), 20));
        CHECK(computed <= (turn == 1 ? 404 : 34 + 4));
        history = history + tokens_of(200 + turn, 34);  // the answer as the template writes it, and what follows
    }
}

TEST("where the next call of a program goes on is kept before what ended, in a pool of few states") {
    FakeEngine engine(recurrent(3));
    std::vector<Token> history = tokens_of(1, 400);
    const std::vector<Token> opening = tokens_of(99, 4);
    for (RequestId turn = 1; turn <= 5; ++turn) {
        Request r = of_program(request(turn, history + opening), 1);
        r.boundary = static_cast<int32_t>(history.size());
        const int32_t computed = prefilled(run(engine, std::move(r), 20));
        CHECK(computed <= (turn == 1 ? 404 : 34 + 4));
        history = history + tokens_of(200 + turn, 34);
        for (RequestId other = 1; other <= 3; ++other)
            run(engine, request(turn * 10 + other, tokens_of(turn * 10 + other, 200)), 5);
    }
}

TEST("a preempted request loads what it had computed") {
    FakeEngine engine(recurrent(8, 100, 1));
    CHECK(engine.submit(request(1, 300, Class::background), 60) == SubmitError::none);
    CHECK(step_until_runs(engine, 1, 3));
    for (int i = 0; i < 10; ++i) engine.step();
    CHECK(engine.submit(request(2, 600, Class::interactive), 20) == SubmitError::none);
    finish(engine);
    const auto & done = engine.finished.at(1);
    CHECK_EQ(done.usage.preemptions, 1);
    CHECK_EQ(done.usage.computed_tokens, 300 + 59);
}

TEST("a prompt that needs every page runs, though it shares part of a page") {
    FakeEngine engine(recurrent(8, 10, 2));
    const auto first = run(engine, request(1, tokens_of(1, 40)), 5);
    const auto second = run(engine, request(2, first.tokens + tokens_of(2, 315 - 45)), 5);
    CHECK_EQ(second.usage.output_tokens, 5);
}

TEST("a row short: the state that is worth least goes, and what is kept for a program stays") {
    FakeEngine engine(recurrent(2));
    const auto kept = run(engine, of_program(request(1, tokens_of(1, 600)), 1), 5);
    for (RequestId id = 2; id <= 6; ++id) run(engine, request(id, tokens_of(id, 100)), 5);
    const auto next = run(engine, of_program(request(7, kept.tokens + tokens_of(9, 30)), 1), 5);
    CHECK(prefilled(next) <= 31);
}

TEST("one path goes whole before others lose their short ends, and their states with them") {
    SchedulerConfig config = recurrent(16, 46);
    config.policy.cost.step = 1'000'000'000;
    config.policy.cost.prefill = 100'000'000;
    FakeEngine engine(config);
    std::vector<std::vector<Token>> histories = {tokens_of(1, 600), tokens_of(2, 600)};
    RequestId id = 1;
    for (int turn = 0; turn < 4; ++turn) {
        for (ProgramId program = 1; program <= 2; ++program) {
            std::vector<Token> & history = histories[program - 1];
            const auto done = run(engine, of_program(request(id, history), program), 5);
            history = done.tokens + tokens_of(100 + id++, 6);
        }
    }
    run(engine, request(id++, tokens_of(50, 320)), 5);
    CHECK_EQ(engine.scheduler.stats().pages_evicted, 5u);
    CHECK(prefilled(run(engine, of_program(request(id++, histories[1]), 2), 5)) <= 7);
}

TEST("a pin keeps the state of its path") {
    FakeEngine engine(recurrent(2));
    const auto pinned = run(engine, request(1, tokens_of(1, 200)), 5);
    uint64_t pin = 0;
    CHECK_EQ(engine.scheduler.pin(0, pinned.tokens, engine.now + 1'000'000'000, &pin), 204);
    for (RequestId id = 2; id <= 6; ++id) run(engine, of_program(request(id, tokens_of(id, 700)), id), 5);
    CHECK(prefilled(run(engine, request(7, pinned.tokens + tokens_of(9, 30)), 5)) <= 31);
}

TEST("a cancelled request saves nothing") {
    FakeEngine engine(recurrent(8));
    CHECK(engine.submit(request(1, tokens_of(1, 300)), 100) == SubmitError::none);
    for (int i = 0; i < 5; ++i) engine.step();
    engine.cancel(1);
    run(engine, request(2, tokens_of(2, 10)), 2);
    CHECK_EQ(engine.n_saved, 0u);
}

TEST("a failed step saves nothing, and its requests start again from a sound state") {
    FakeEngine engine(recurrent(8));
    const auto first = run(engine, request(1, tokens_of(1, 300)), 5);
    CHECK(engine.submit(request(2, first.tokens + tokens_of(2, 20)), 5) == SubmitError::none);
    engine.step(/*fail=*/true);  // the state of the first request's end was to be saved in it
    finish(engine);
    CHECK_EQ(prefilled(engine.finished.at(2)), 325);
}

TEST("a long prompt that is changed late is computed again from the state before, at most 8,192 tokens") {
    FakeEngine engine(recurrent(8, 2000));
    const std::vector<Token> first = tokens_of(1, 17'000);
    CHECK_EQ(prefilled(run(engine, request(1, first + tokens_of(2, 3'000)), 5)), 20'000);
    CHECK_EQ(engine.scheduler.stats().states_saved, 2u);  // that of its end is owed
    CHECK_EQ(prefilled(run(engine, request(2, first + tokens_of(3, 500)), 5)), 17'500 - 16'384);
}

TEST("a long prompt that is cancelled goes on from the state before, when it is asked again") {
    FakeEngine engine(recurrent(8, 2000));
    CHECK(engine.submit(request(1, tokens_of(1, 20'000)), 5) == SubmitError::none);
    while (engine.scheduler.stats().prefill_tokens < 17'000) engine.step();
    engine.cancel(1);
    CHECK_EQ(prefilled(run(engine, request(2, tokens_of(1, 20'000)), 5)), 20'000 - 16'384);
}

TEST("states on the way of a long prompt take no row from others, and give theirs to any") {
    FakeEngine engine(recurrent(1, 2000));
    const auto kept = run(engine, of_program(request(1, tokens_of(1, 300)), 1), 5);
    run(engine, request(2, tokens_of(2, 20'000)), 5);
    const auto next = run(engine, of_program(request(3, kept.tokens + tokens_of(3, 30)), 1), 5);
    CHECK(prefilled(next) <= 31);
    CHECK_EQ(engine.n_saved, 1u);

    FakeEngine other(recurrent(1, 2000));
    const auto lengthy = run(other, of_program(request(1, tokens_of(2, 20'000)), 1), 5);
    CHECK(prefilled(run(other, of_program(request(2, lengthy.tokens + tokens_of(3, 30)), 1), 5)) <= 31);
}

TEST("where a state is no larger than a page, one is saved at the end of each chunk of a prompt") {
    SchedulerConfig config = recurrent(16, 400);
    config.max_batch_tokens = 256;
    config.small_states = true;
    FakeEngine engine(config);
    const std::vector<Token> first = tokens_of(1, 700);
    CHECK_EQ(prefilled(run(engine, request(1, first + tokens_of(2, 300)), 5)), 1'000);
    CHECK_EQ(prefilled(run(engine, request(2, first + tokens_of(3, 300)), 5)), 1'000 - 512);
}

TEST("a miss for want of a state says so") {
    FakeEngine engine(recurrent(8));
    run(engine, request(1, tokens_of(1, 300)), 5);
    const MissExplanation why = engine.scheduler.explain(0, tokens_of(1, 200));
    CHECK(why.reason == MissExplanation::Reason::no_state);
    CHECK_EQ(why.matched, 0);
    CHECK_EQ(why.paged, 200);
}

TEST("a known prompt is computed ahead in chunks that keep one state among them") {
    FakeEngine engine(recurrent(8));
    run(engine, of_program(request(1, tokens_of(1, 100)), 1), 5);
    Hint hint;
    hint.kind = Hint::Kind::next_prefix;
    hint.tokens = tokens_of(7, 400);
    hint.steps = 1;
    CHECK(engine.hint(1, hint) == HintError::none);
    finish(engine);
    CHECK_EQ(prefilled(run(engine, of_program(request(2, tokens_of(7, 400)), 1), 5)), 1);
}
