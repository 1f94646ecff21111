// Every kind of decision in words: a golden line each. The random lives (scheduler-random-test) make each kind happen.
#include <string>

#include "check.h"
#include "core/policy/decision.h"

using namespace banyan;

namespace {

/** Of request 3 of program 7 at 1 s. */
std::string said(decision::What what, RequestId request = 3, ProgramId program = 7) {
    return describe({1'000'000, request, program, std::move(what)});
}

}  // namespace

TEST("a decision says what was decided about what, and why") {
    using namespace decision;
    const std::string subject = "request 3 of program 7: ";
    CHECK_EQ(said(Arrive{812, Class::workflow}), subject + "arrives with 812 prompt tokens, class workflow");
    CHECK_EQ(said(Refuse{1'500'000, 250'000}),
             subject + "refused: its first token would come in 1.5 s, later than it allows; retry in 250.0 ms");
    CHECK_EQ(said(Admit{768, 44}), subject + "starts: 768 tokens cached, 44 to compute");
    CHECK_EQ(said(Coalesce{1'002'000, 1}), subject + "1 request waits up to 2.0 ms for another to share the step with");
    CHECK_EQ(said(Dedupe{8, 640}), subject + "waits for request 8, which computes the same first 640 tokens");
    CHECK_EQ(said(Bypass{8, 2}), subject + "starts before request 8, which finds no room and was passed 2 times");
    CHECK_EQ(said(Preempt{8, 96}), subject + "stopped for request 8 after 96 tokens, to be computed again");
    CHECK_EQ(said(Preempt{0, 1}), subject + "stopped for want of a page after 1 token, to be computed again");
    CHECK_EQ(said(Lift{Class::background, 0}),
             subject + "starts above its class background, as interactive, because it waited long");
    CHECK_EQ(said(Finish{120, 850}), subject + "finished with 120 tokens, having waited 850 us");
    CHECK_EQ(said(Cancel{1, 0}), subject + "cancelled after 1 token, having waited 0 us");
    CHECK_EQ(said(SaveState{500, NodeKind::fixed}),
             subject + "state after 500 tokens is saved, for system prompts and tools");
    CHECK_EQ(said(SaveState{8192, NodeKind::abandoned}),
             subject + "state after 8192 tokens is saved, as a row is to spare");
    CHECK_EQ(said(Load{64, 0, Tier::disk, 120'000, 9'800'000}),
             subject + "waits for 64 pages from disk, 120.0 ms; computing them would take 9.8 s");
    CHECK_EQ(said(Loaded{64, 1, Tier::disk, 131'000}),
             subject + "64 pages and a saved state came from disk in 131.0 ms");
    CHECK_EQ(said(LoadLate{1, 0, Tier::host, 50'000}),
             subject + "1 page did not come from host memory within 50.0 ms, and will be computed");
    CHECK_EQ(said(LoadGaveWay{3, 0, Tier::disk, 40'000, 9}),
             subject + "3 pages from disk gave way to request 9 after 40.0 ms, and will be computed");
    CHECK_EQ(said(Recompute{2, 0, Tier::disk, 9'000, 700}),
             subject + "2 pages will be computed in 700 us: to have them from disk takes 9.0 ms");
    CHECK_EQ(said(BreakPin{}), subject + "could run only on pinned pages: the pin that expires first is ended");
}

TEST("decisions about a program, and about the whole engine") {
    using namespace decision;
    const auto of_program = [](What what) { return said(std::move(what), 0, 7); };
    CHECK_EQ(of_program(Pause{960, 40}), "program 7: paused with its 40 pages: active programs want 960, too many");
    CHECK_EQ(of_program(Resume{800}), "program 7: active again: active programs want 800 pages");
    CHECK_EQ(of_program(Retain{{9'400'000, RetainReason::measured, "bash", 100, 95, 800'000, 0}}),
             "program 7: pages kept 9.4 s because 95 of 100 calls of bash were back by then, and computing again takes "
             "0.8 s");
    CHECK_EQ(of_program(Expire{9'400'000}), "program 7: did not come back within 9.4 s: its pages may go");
    CHECK_EQ(of_program(Ahead{64, 200}), "program 7: 64 tokens of its next prompt computed ahead, 200 left");
    CHECK_EQ(of_program(Store{0, 1, StoreReason::durable}),
             "program 7: a saved state is to be written to disk, as its session is journaled");
    CHECK_EQ(of_program(Store{12, 0, StoreReason::human}),
             "program 7: 12 pages are to be written to disk, while it waits for a person");
    CHECK_EQ(of_program(ProgramEnd{4200, 11}), "program 7: ended after 11 calls and 4200 computed tokens");

    const auto of_all = [](What what) { return said(std::move(what), 0, 0); };
    CHECK_EQ(of_all(Window{16, 18}), "up to 18 programs may be active instead of 16");
    CHECK_EQ(of_all(Evict{12, NodeKind::finished}), "evicted 12 pages of programs that ended");
    CHECK_EQ(of_all(EvictState{1, NodeKind::acting}), "evicted 1 saved state of programs that wait for a tool");
    CHECK_EQ(of_all(StoreFailed{3, 0}), "the disk did not take 3 pages: they stay in memory only");
    CHECK_EQ(of_all(TierRest{3, 10'000'000}),
             "pages are not read from host or disk for 10.0 s: 3 loads in a row came late");
    CHECK_EQ(of_all(decision::Draft{4, 0, 1, 3.26, 12'300, 8'000, 0}),
             "4 drafts checked with 1 decoding request: 3.3 tokens expected in 12.3 ms, 1 in 8.0 ms without");
    CHECK_EQ(of_all(decision::Draft{4, 3, 2, 0, 0, 0, 1'500}),
             "4 drafts, 3 of the draft model in 1.5 ms, checked with 2 decoding requests, whatever that takes");
    CHECK_EQ(of_all(decision::Draft{1, 0, 2, 0, 0, 0, 0}),
             "1 draft checked with 2 decoding requests, whatever that takes");
    CHECK_EQ(of_all(DraftRest{64, -16'000, false}),
             "no drafts for 64 steps: the last cost more than they saved; all so far cost 16.0 ms");
    CHECK_EQ(of_all(DraftRest{128, 2'500'000, true}),
             "no drafts of the draft model for 128 steps: the last cost more than they saved; all so far saved 2.5 s");
    CHECK_EQ(said(Jump{5}, 4, kAnonymousProgram + 4),
             "request 4: goes on with 5 tokens that its grammar leaves no choice about");
    CHECK_EQ(of_all(Disk{"the page store writes again"}), "the page store writes again");
    CHECK_EQ(of_all(Plan{128, 1}), "step of 128 prompt tokens and 1 decoding request");
    CHECK_EQ(of_all(Budget{64, 48'000}), "prompts get 64 tokens of this step, so that it takes 48.0 ms");
    CHECK_EQ(of_all(Refit{6000, 25'000}), "measured steps say: 6.0 ms a step, 25000 ns a prompt token");
    CHECK_EQ(said(Admit{0, 9}, 4, kAnonymousProgram + 4), "request 4: starts: 0 tokens cached, 9 to compute");
}

TEST("a field that is a time is read in milliseconds, and never is Infinity") {
    const auto kept = [](Micros micros) {
        double ms = 0;
        decision::Expire{micros}.each_field([&](const char *, Millis value) { ms = value.value(); });
        return ms;
    };
    CHECK_EQ(kept(9'400'250), 9400.25);
    CHECK_EQ(kept(kNever), HUGE_VAL);
}

TEST("a kind's name and its place in the variant agree") {
    const Decision retain{0, 0, 0, decision::Retain{}};
    CHECK(retain.kind() == Decision::Kind::retain);
    CHECK_EQ(std::string(name_of(retain.kind())), "retain");
    const Decision last{0, 0, 0, decision::Jump{5}};
    CHECK(last.kind() == Decision::Kind::jump);
    CHECK_EQ(std::string(name_of(last.kind())), "jump");
    for (int kind = 0; kind < kDecisionKinds; ++kind) CHECK(name_of(static_cast<Decision::Kind>(kind))[0] != '\0');
}
