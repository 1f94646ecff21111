// Beside the runner's test of saved states, which runs here on emulated devices: that it does.
#define BANYAN_TEST_NO_MAIN
#include "check.h"
#include "cuda/emulated-mover.h"
#include "runner/kv/state-bank.h"
#include "runner/state-rig.h"

using namespace banyan;
using namespace banyan::test;

TEST("a saved state is moved by the mover of each device that holds a part of it") {
    for (const auto & path : models_with_states()) {
        for (emulated_devices = 1; emulated_devices <= 3; ++emulated_devices) {
            StateRig rig(path, 1);
            Line cold = rig.line(1, tokens_of(40, 0, rig.n_vocab()));
            CHECK(!rig.step({{&cold, 20}}).empty());
            const int before = emulated_launches;
            CHECK(!rig.step({{&cold, 33, 2}}).empty());
            CHECK(emulated_launches > before);
            const auto expected = rig.step({{&cold, 40}});
            Line warm = rig.fork(cold, 2, 2, 33);
            CHECK(rig.step({{&warm, 40}}) == expected);
            CHECK(rig.runner().lost_states().empty());
        }
    }
    emulated_devices = 1;
}
