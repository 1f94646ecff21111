// How many drafts are checked: never a loss beyond the stated bound, whatever steps take; more tokens where they pay.
#include <random>
#include <vector>

#include "check.h"
#include "core/drafts/draft.h"
#include "core/verify/draft-control.h"

using namespace banyan;

namespace {

using Random = std::mt19937_64;

/** A model that decodes: what its steps take, and which drafts are right. */
struct World {
    std::function<Micros(int32_t n_rows, int32_t n_drafts)> takes;
    std::function<int32_t(int32_t n_drafts)> right;
    std::vector<int32_t> chances;  // as the source believes
    Micros row = 0;                // believed of a row more
    std::vector<Micros> behind;    // that steps without drafts right behind one with some take longer
    Micros foretelling = 0;        // that each step takes beside, for drafts
};

struct Run {
    double with = 0, without = 0;  // us of the same number of tokens
    double excess = 0;             // by which steps took longer than believed, beyond a step without drafts
    double longest = 0;            // a step without drafts
    double token = 0;              // its time for each row
    int64_t steps = 0, drafted = 0;
    std::vector<int32_t> choices;
};

Run run(DraftControl & control, const World & world, int64_t n_steps, const std::function<int32_t()> & rows) {
    Run run;
    size_t behind = SIZE_MAX;  // steps since one with drafts
    for (int64_t i = 0; i < n_steps; ++i) {
        DraftStep step;
        step.n_rows = rows();
        step.most = kMostScored;
        step.row = world.row;
        const DraftChoice choice = control.choose(world.chances, step);
        const int32_t n = choice.n;
        CHECK((choice.with - choice.without - 1) * 1000 <= std::max<int64_t>(0, control.ledger().balance()));
        const int32_t right = n > 0 ? world.right(n) : 0;
        const auto plain = static_cast<double>(world.takes(step.n_rows, 0));
        const Micros took =
            n > 0 ? world.takes(step.n_rows, n)
                  : static_cast<Micros>(plain) + (behind < world.behind.size() ? world.behind[behind] : 0);
        behind = n > 0 ? 0 : behind + (behind < SIZE_MAX);
        const Micros foretelling = control.ledger().rest() == 0 ? world.foretelling : 0;
        control.commit(step, n, right, took, {}, foretelling * 1000);
        run.with += static_cast<double>(took + foretelling);
        run.without += plain * (step.n_rows + right) / step.n_rows;
        if (n > 0) run.excess += std::max(0.0, static_cast<double>(took - choice.with) - plain);
        run.longest = std::max(run.longest, plain);
        run.token = std::max(run.token, plain / step.n_rows);
        run.steps += 1;
        run.drafted += n > 0;
        run.choices.push_back(n);
    }
    return run;
}

std::vector<int32_t> falling(int of_100, int n) {
    std::vector<int32_t> chances;
    double chance = kCertain;
    for (int i = 0; i < n; ++i) chances.push_back(static_cast<int32_t>(chance *= of_100 / 100.0));
    return chances;
}

/** Of a draft of n whose tokens are each right so often: those before the first that is wrong. */
int32_t right_ones(Random & random, int of_100, int32_t n) {
    int32_t right = 0;
    while (right < n && static_cast<int>(random() % 100) < of_100) ++right;
    return right;
}

}  // namespace

TEST("whatever steps with drafts take, whichever are right: a hundredth of the time, four tokens and a step at most") {
    for (uint64_t seed = 0; seed < 400; ++seed) {
        Random random(seed);
        const auto pick = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
        std::vector<Micros> plain(9);
        for (auto & micros : plain) micros = 100 + pick(20'000);
        const int64_t spread = 1 + pick(40), lure = pick(200), worst_of_100 = pick(101);
        int64_t asked = 0;
        World world;
        world.takes = [&](int32_t n_rows, int32_t n_drafts) -> Micros {
            if (n_drafts == 0) return plain[n_rows];
            // It pays until drafts are trusted, then it does not; or at random.
            const bool dear = ++asked > lure && pick(100) < worst_of_100;
            return 1 + (dear ? pick(plain[n_rows] * spread) : pick(plain[n_rows]));
        };
        world.right = [&](int32_t n) {
            return static_cast<int32_t>(asked < lure ? n : pick(n + 1)) * (asked % 7 != 0);
        };
        world.chances = falling(50 + static_cast<int>(pick(50)), 1 + static_cast<int>(pick(32)));
        const int64_t most_rows = 1 + pick(8);
        DraftControl control;
        const Run r = run(control, world, 3'000, [&] { return static_cast<int32_t>(1 + pick(most_rows)); });
        const double counted = r.with - r.excess;
        const double credit = DraftLedger::kCredit * r.token;
        CHECK(counted <= r.without * 1.01 + credit + r.longest + 3);
        CHECK(spread > 2 || r.with <= r.without * 1.02 + credit + r.longest);
    }
}

TEST("when steps themselves grow slower and quicker, what drafts cost by the ledger keeps the same bound") {
    for (uint64_t seed = 0; seed < 200; ++seed) {
        Random random(seed);
        int64_t plain = 1'000'000, passed = 0, worst = 0, first = 0;
        const auto n_rows = static_cast<int32_t>(1 + random() % 16);
        DraftLedger ledger;
        for (int i = 0; i < 5'000; ++i) {
            plain = std::max<int64_t>(1000, plain * static_cast<int64_t>(90 + random() % 22) / 100);
            plain = std::min<int64_t>(plain, 1'000'000'000);
            const int64_t believed = static_cast<int64_t>(random() % static_cast<uint64_t>(3 * plain));
            const bool checks = ledger.rest() == 0 && ledger.balance() > 0 && believed <= ledger.balance();
            if (first == 0) first = plain;
            passed += plain;
            ledger.pass(plain, n_rows);
            if (!checks) continue;
            const int64_t cost = static_cast<int64_t>(random() % static_cast<uint64_t>(10 * plain));
            const int64_t gained = static_cast<int64_t>(random() % static_cast<uint64_t>(2 * plain));
            worst = std::max(worst, cost);
            ledger.note(gained - cost, gained - cost, plain);
            CHECK(-ledger.saved() <= passed / 100 + DraftLedger::kCredit * first / n_rows + worst);
        }
    }
}

TEST("drafts that are always wrong cost next to nothing in the long run: each rest is twice as long") {
    for (const int believed : {30, 95}) {
        for (const int64_t percent : {5, 30, 100}) {
            World world;
            world.takes = [&](int32_t, int32_t n) { return 2000 + 20 * percent * n; };
            world.right = [](int32_t) { return 0; };
            world.chances = falling(believed, 15);
            DraftControl control;
            const Run r = run(control, world, 100'000, [] { return 1; });
            CHECK(r.with <= r.without * 1.002);
        }
    }
}

TEST("where drafts pay, tokens come sooner; where they do not, never 2% later than without") {
    struct Gain {
        int of_100, percent;  // right; what a row more costs of a step
        double least;
    };
    constexpr Gain gains[] = {{100, 3, 5.0}, {100, 25, 3.0}, {100, 50, 1.7}, {90, 3, 3.5},  {70, 25, 1.3},
                              {70, 3, 2.0},  {50, 3, 1.5},   {50, 50, 0.98}, {20, 3, 1.0},  {20, 50, 0.98},
                              {0, 3, 0.98},  {0, 25, 0.98},  {0, 75, 0.98},  {50, 75, 0.98}};
    for (const Gain & gain : gains) {
        for (const int believed : {gain.of_100, 95}) {  // it knows how good it is, or it overrates itself
            for (const int32_t n_rows : {1, 4}) {
                Random random(7);
                World world;
                world.takes = [&](int32_t n, int32_t n_drafts) {
                    return static_cast<Micros>(10'000 + 100 * gain.percent * (n - 1 + n_drafts));
                };
                world.right = [&](int32_t n) { return right_ones(random, gain.of_100, n); };
                world.chances = falling(std::max(1, std::min(believed, 99)), 15);
                DraftControl control;
                const Run r = run(control, world, 3'000, [&] { return n_rows; });
                CHECK(r.with <= r.without / 0.98);
                if (n_rows == 1 && believed == gain.of_100) CHECK(r.with <= r.without / gain.least);
            }
        }
    }
}

TEST("answers of 64 tokens, of one request or of many: not 2% later for drafts all wrong, quicker for right ones") {
    for (const int32_t n_rows : {1, 8, 16}) {
        const int64_t n_steps = n_rows == 1 ? 512 : 128;  // eight after one another, or two for each row
        for (const int64_t percent : {3, 25, 50, 75}) {   // what a row more costs of one row's step
            World world;
            world.takes = [&](int32_t n, int32_t n_drafts) {
                return static_cast<Micros>(10'000 + 100 * percent * (n - 1 + n_drafts));
            };
            world.chances.assign(15 * n_rows, kCertain * 95 / 100);  // it overrates itself
            world.row = 100 * percent;
            world.right = [](int32_t) { return 0; };
            DraftControl always_wrong, always_right;
            const Run wrong = run(always_wrong, world, n_steps, [&] { return n_rows; });
            const bool pays = n_rows * percent <= 200;
            if (pays) CHECK(wrong.drafted > 0);
            CHECK(wrong.with <= wrong.without / 0.98);
            world.right = [](int32_t n) { return n; };
            const Run right = run(always_right, world, n_steps, [&] { return n_rows; });
            CHECK(right.with <= right.without);
            if (pays) CHECK(right.with * 1.25 <= right.without);
        }
    }
}

TEST("steps without drafts that became quicker are noticed, though drafts seemed to pay") {
    World world;
    int64_t n_steps = 0;
    world.takes = [&](int32_t, int32_t n) {
        const bool quick = ++n_steps > 4'000;  // the other program is gone: nothing is gained by rows any more
        return static_cast<Micros>(n == 0 ? (quick ? 3000 : 10'000) : 10'000 + 100 * n);
    };
    world.right = [](int32_t) { return 1; };
    world.chances = falling(90, 4);
    DraftControl control;
    const Run slow = run(control, world, 2'000, [] { return 1; });
    n_steps = 4'000;
    const Run quick = run(control, world, 4'000, [] { return 1; });
    CHECK(slow.drafted > 1'800 && quick.drafted < 400);
}

TEST("a time in which all steps were slow, because of another program, is forgotten") {
    World world;
    int64_t n_steps = 0;
    world.takes = [&](int32_t, int32_t n) {
        const bool busy = ++n_steps % 6'000 > 5'000;
        return static_cast<Micros>((2000 + 400 * n) * (busy ? 3 : 1));
    };
    world.right = [](int32_t n) { return n; };
    world.chances = falling(95, 8);
    DraftControl control;
    const Run r = run(control, world, 30'000, [] { return 1; });
    CHECK(r.drafted > 24'000);
    CHECK(r.with * 2 < r.without);
}

TEST("what one slow time made a size cost fades: it is tried again long before its measures are too old") {
    World world;
    bool busy = false;
    world.takes = [&](int32_t, int32_t n) { return static_cast<Micros>(n == 0 ? 2000 : busy ? 8000 : 2400); };
    world.right = [](int32_t n) { return n; };
    world.chances = falling(95, 1);  // one size: no neighbour tells what it takes
    DraftControl control;
    const Run calm = run(control, world, 1'000, [] { return 1; });
    busy = true;
    const Run slow = run(control, world, 200, [] { return 1; });
    busy = false;
    const Run after = run(control, world, 3'000, [] { return 1; });
    CHECK(calm.drafted > 900 && slow.drafted < 100);
    CHECK(after.drafted > 1'500);  // in less than VerifyCurve::kFresh steps
}

TEST("a staircase: where rows of four cost what the first of them does, fours are taken") {
    World world;
    world.takes = [](int32_t n, int32_t n_drafts) { return static_cast<Micros>((n + n_drafts + 3) / 4 * 4000); };
    world.right = [](int32_t n) { return n; };
    world.chances = falling(99, 7);
    DraftControl control;
    const Run r = run(control, world, 1'000, [] { return 1; });
    int fours = 0, others = 0;
    for (size_t i = r.choices.size() / 2; i < r.choices.size(); ++i) {
        const int32_t n = r.choices[i] + 1;
        if (n % 4 == 0) ++fours;
        if (n % 4 != 0 && n > 1) ++others;
    }
    CHECK(fours > 450 && others == 0);
}

TEST("what a step without drafts takes longer right behind one with some is no reason for drafts") {
    // 16 tokens in 1.96 ms are hardly more than 8 in 1 ms, and far more than 8 in 1.4 or 1.15 ms.
    World world{[](int32_t, int32_t n_drafts) { return 1000 + 120 * n_drafts; },
                [](int32_t n_drafts) { return n_drafts; }, std::vector<int32_t>(8, kCertain), 120};
    world.behind = {400, 150};
    DraftControl control;
    const Run first = run(control, world, 1000, [] { return 8; });
    CHECK(first.drafted > 0);                                          // they are tried
    CHECK(run(control, world, 1000, [] { return 8; }).drafted <= 20);  // now and then, to measure them again
}

TEST("what it takes to foretell drafts is paid from what they save, also by steps without any") {
    for (const Micros foretelling : {0, 50, 500}) {
        World world{[](int32_t, int32_t n_drafts) { return 1000 + 100 * n_drafts; },
                    [](int32_t n_drafts) { return n_drafts; }, falling(99, 1), 100};
        world.foretelling = foretelling;
        DraftControl control;
        const Run r = run(control, world, 5'000, [] { return 4; });
        // One draft more saves 250 us of tokens and costs 100.
        CHECK_EQ(r.drafted > 4'500, foretelling < 150);
        CHECK(r.with < r.without * (foretelling < 150 ? 1 : 1.02));
        CHECK_EQ(control.ledger().saved() > 0, foretelling < 150);
    }
}

TEST("the same steps give the same choices, and a step that was interrupted changes none for long") {
    const auto lived = [](bool spikes) {
        World world;
        int64_t n_steps = 0;
        world.takes = [&](int32_t, int32_t n) {
            return static_cast<Micros>((2000 + 200 * n) * (spikes && ++n_steps % 50 == 0 ? 20 : 1));
        };
        world.right = [](int32_t n) { return n; };
        world.chances = falling(90, 8);
        DraftControl control;
        return run(control, world, 4'000, [] { return 1; });
    };
    const Run calm = lived(false), again = lived(false), spiky = lived(true);
    CHECK(calm.choices == again.choices);
    CHECK(calm.drafted > 3'500 && spiky.drafted > 2'500);
}

TEST("what interactive requests may wait for a step is not exceeded for drafts") {
    World world;
    world.takes = [](int32_t, int32_t n) { return static_cast<Micros>(10'000 + 1000 * n); };
    world.chances = falling(99, 15);
    DraftControl control;
    for (int i = 0; i < 500; ++i) {
        DraftStep step;
        step.n_rows = 2;
        step.most = kMostScored;
        step.target = 14'000;
        const DraftChoice choice = control.choose(world.chances, step);
        CHECK(choice.n <= 5);  // what is not known yet is believed cheap
        if (i > 100) CHECK(choice.n <= 4 && choice.with <= 14'000);
        control.commit(step, choice.n, choice.n, world.takes(2, choice.n));
    }
}

TEST("one request alone, whose steps are longer than interactive ones may wait: drafts as long as two steps") {
    World world;
    world.takes = [](int32_t, int32_t n) { return static_cast<Micros>(60'000 + 6000 * n); };
    world.chances = falling(99, 31);
    DraftControl control;
    int64_t drafted = 0;
    for (int i = 0; i < 1'000; ++i) {
        DraftStep step;
        step.n_rows = 1;
        step.most = kMostScored;
        step.target = 50'000;
        const DraftChoice choice = control.choose(world.chances, step);
        if (i > 100) CHECK(choice.n <= 10);
        drafted += choice.n > 4;
        control.commit(step, choice.n, choice.n, world.takes(1, choice.n));
    }
    CHECK(drafted > 900);
}
