// A row whose recurrent state is not the one after its tokens is refused, whatever the cause, and harms no other row.
#include "check.h"
#include "runner/kv/state-bank.h"
#include "runner/state-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

std::vector<std::filesystem::path> some_models() {
    std::vector<std::filesystem::path> some;
    for (const auto & path : models_with_states()) {
        for (const char * name : {"qwen35-dense", "granitehybrid-dense", "lfm2-dense", "mamba2-dense"}) {
            if (path.stem() == name) some.push_back(path);
        }
    }
    CHECK_EQ(some.size(), 4u);
    return some;
}

}  // namespace

TEST("states that are missing, of another length, never saved or lost are refused; the row beside is computed") {
    for (const auto & path : some_models()) {
        StateRig rig(path, 1);
        const auto tokens = tokens_of(40, 0, rig.n_vocab());
        Line alone = rig.line(0, tokens_of(40, 1, rig.n_vocab()));
        CHECK(!rig.step({{&alone, 10}}).empty());
        const auto expected = rig.step({{&alone, 11}});

        Line line = rig.line(0, tokens);
        CHECK(!rig.step({{&line, 20, 3}}).empty());
        for (const StateCopy & wrong : {StateCopy{2, 3, 19}, StateCopy{2, 3, 21}, StateCopy{2, 5, 20},
                                        StateCopy{2, 99, 20}, StateCopy{2, -1, 20}, StateCopy{2, 3, 0}}) {
            Line beside = rig.line(1, alone.tokens);
            CHECK(!rig.step({{&beside, 10}}).empty());
            Line warm = rig.fork(line, 2, wrong.state, wrong.n_tokens);
            warm.n_past = 20;
            const auto got = rig.step({{&warm, 21}, {&beside, 11}});
            CHECK(rig.refused(0));
            CHECK(!rig.refused(1));
            CHECK(got.size() == 2 && got[1] == expected[0]);
        }
        Line nothing = rig.line(3, tokens);
        nothing.n_past = 20;
        CHECK(rig.step({{&nothing, 21}})[0].empty());  // first, and no load
        CHECK(rig.refused(0));
        rig.runner().states()->drop(0);
        CHECK(rig.step({{&line, 21}})[0].empty());
        CHECK(rig.refused(0));
        Line fine = rig.fork(line, 0, 3, 20);
        CHECK(!rig.step({{&fine, 21}})[0].empty());
    }
}

TEST("a state of a slot that is elsewhere is not saved, and what was saved before under its number is void") {
    for (const auto & path : some_models()) {
        StateRig rig(path, 1);
        Line line = rig.line(0, tokens_of(40, 0, rig.n_vocab()));
        CHECK(!rig.step({{&line, 20, 3}}).empty());
        rig.save_before({0, 3, 19});
        CHECK(!rig.step({{&line, 21}}).empty());
        CHECK(rig.runner().lost_states() == std::vector<StateId>{3});
        Line warm = rig.fork(line, 2, 3, 20);
        CHECK(rig.step({{&warm, 21}})[0].empty());
        rig.save_before({3, 4, 5});  // a slot that never ran
        CHECK(!rig.step({{&line, 22}}).empty());
        CHECK(rig.runner().lost_states() == std::vector<StateId>{4});
    }
}

TEST("a step that is stopped loses the states of its own rows, and no other") {
    for (const auto & path : some_models()) {
        StateRig rig(path, 1);
        Line a = rig.line(0, tokens_of(40, 0, rig.n_vocab())), b = rig.line(1, tokens_of(40, 1, rig.n_vocab()));
        CHECK(!rig.step({{&a, 20}}).empty());
        CHECK(!rig.step({{&b, 20, 1}}).empty());
        Line again = rig.line(2, b.tokens);
        CHECK(!rig.step({{&again, 20}}).empty());
        const auto expected = rig.step({{&again, 21}});
        int asked = 0;
        rig.runner().listen([&] { return ++asked > 8; });  // in its first layers
        CHECK(rig.step({{&a, 30}}).empty());
        CHECK(asked > 8);
        rig.runner().listen({});
        CHECK(rig.step({{&a, 21}})[0].empty());
        CHECK(rig.refused(0));
        CHECK(rig.step({{&b, 21}}) == expected);
    }
}

TEST("a step that moves the state of a sequence outside of it is not stopped halfway") {
    for (const auto & path : some_models()) {
        StateRig rig(path, 1);
        const auto tokens = tokens_of(40, 3, rig.n_vocab());
        Line again = rig.line(3, tokens);
        CHECK(!rig.step({{&again, 20}}).empty());
        const auto expected = rig.step({{&again, 21}});
        Line a = rig.line(0, tokens_of(40, 0, rig.n_vocab())), between = rig.line(1, tokens);
        Line c = rig.line(2, tokens_of(40, 2, rig.n_vocab()));
        for (Line * line : {&a, &between, &c}) CHECK(!rig.step({{line, 20}}).empty());
        const auto before = rig.runner().states()->cells();
        CHECK_EQ(before[0] + 2, before[2]);  // `between` is in the way
        int asked = 0;
        rig.runner().listen([&] { return ++asked > 8; });
        CHECK(!rig.step({{&a, 21}, {&c, 21}}).empty());
        CHECK(asked > 8);
        rig.runner().listen({});
        CHECK(rig.runner().states()->cells()[1] != before[1]);
        CHECK(rig.step({{&between, 21}}) == expected);
    }
}

TEST("a step that fails on the way makes what it was moving unusable, not wrong") {
    for (const auto & path : some_models()) {
        StateRig rig(path, 1);
        Line a = rig.line(0, tokens_of(40, 0, rig.n_vocab())), between = rig.line(1, tokens_of(40, 1, rig.n_vocab()));
        Line c = rig.line(2, tokens_of(40, 2, rig.n_vocab())), apart = rig.line(3, tokens_of(40, 3, rig.n_vocab()));
        for (Line * line : {&a, &between, &c, &apart}) CHECK(!rig.step({{line, 20}}).empty());
        int asked = 0;
        rig.runner().listen([&] {
            rig.abort = ++asked > 8;  // as a closing engine does; asked again, it is over
            return false;
        });
        CHECK(rig.step({{&a, 21}, {&c, 21}}).empty());
        rig.abort = false;
        rig.runner().listen({});
        for (Line * line : {&a, &between, &c}) {
            CHECK(rig.step({{line, 21}})[0].empty());
            CHECK(rig.refused(0));
        }
        CHECK(!rig.step({{&apart, 21}})[0].empty());
    }
}
