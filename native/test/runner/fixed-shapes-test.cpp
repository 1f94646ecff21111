// Decode steps padded to a bucket: the same tokens, one graph, and padding that touches nothing but its own page.
#include <algorithm>
#include <cstring>

#include "check.h"
#include "ggml-backend.h"
#include "llama-kv-cache.h"
#include "runner/fleet.h"

using namespace banyan;
using namespace banyan::test;

namespace {

RunnerOptions with(Choice fixed_shapes) {
    RunnerOptions options = fleet_options();
    options.fixed_shapes = fixed_shapes;
    return options;
}

/** Requests that join and leave between steps; everything that each of them generated. */
std::vector<std::vector<Token>> traffic(Fleet & fleet) {
    std::vector<std::vector<Token>> outputs;
    std::vector<SlotId> live;
    for (int i = 0; i < 5; ++i) live.push_back(fleet.add(prompt_of(3 + 11 * i, i)));
    for (int step = 0; step < 60; ++step) {
        if (step % 9 == 4) {
            const SlotId gone = live[static_cast<size_t>(step) % live.size()];
            outputs.push_back(fleet.output(gone));
            fleet.remove(gone);
            live.erase(std::find(live.begin(), live.end(), gone));
        }
        if (step % 7 == 2 && live.size() < 8) live.push_back(fleet.add(prompt_of(20 + step, step)));
        fleet.step();
    }
    for (const SlotId slot : live) outputs.push_back(fleet.output(slot));
    return outputs;
}

/** Bytes of K of the first layer. */
std::vector<char> keys_of(const Fleet & fleet, size_t & cell_bytes) {
    auto * cache = dynamic_cast<llama_kv_cache *>(llama_get_memory(fleet.runner().context()));
    ggml_tensor * keys = cache->get_k_storage(0);
    cell_bytes = keys->nb[1];
    std::vector<char> bytes(ggml_nbytes(keys));
    ggml_backend_tensor_get(keys, bytes.data(), 0, bytes.size());
    return bytes;
}

}  // namespace

TEST("padded or not, the same tokens") {
    Fleet exact(with(Choice::off)), padded(with(Choice::on));
    CHECK(!exact.runner().info().fixed_shapes);
    CHECK(padded.runner().info().fixed_shapes);
    CHECK(traffic(exact) == traffic(padded));
}

TEST("on a CPU the steps are computed as they come unless asked otherwise") {
    CHECK(!Fleet(with(Choice::automatic)).runner().info().fixed_shapes);
}

TEST("one graph serves every decode of a bucket, whichever requests run") {
    Fleet fleet(with(Choice::on));
    for (int i = 0; i < 7; ++i) fleet.add(prompt_of(4, i));
    fleet.step();
    const int before = fleet.reused();
    for (const SlotId gone : {SlotId{2}, SlotId{0}, SlotId{5}}) {
        fleet.remove(gone);
        for (int i = 0; i < 5; ++i) fleet.step();
    }
    CHECK_EQ(fleet.reused() - before, 15);
    Fleet exact(with(Choice::off));
    for (int i = 0; i < 7; ++i) exact.add(prompt_of(4, i));
    exact.step();
    const int exact_before = exact.reused();
    exact.remove(2);
    exact.step();
    CHECK_EQ(exact.reused() - exact_before, 0);  // what padding is for
}

TEST("padding writes to the scratch page and nowhere else") {
    Fleet fleet(with(Choice::on));
    for (int i = 0; i < 5; ++i) fleet.add(prompt_of(10 + i, i));
    fleet.step();
    size_t cell = 0;
    const std::vector<char> before = keys_of(fleet, cell);
    std::vector<int32_t> allowed;
    for (SlotId slot = 0; slot < 5; ++slot) allowed.push_back(fleet.next_cell(slot));
    fleet.step();  // 8 rows
    const std::vector<char> after = keys_of(fleet, cell);
    const int32_t n_cells = fleet.runner().info().n_pages * fleet_options().page_tokens;
    int changed = 0;
    for (int32_t i = 0; i < n_cells; ++i) {
        if (std::memcmp(before.data() + i * cell, after.data() + i * cell, cell) == 0) continue;
        ++changed;
        CHECK(std::find(allowed.begin(), allowed.end(), i) != allowed.end());
    }
    CHECK_EQ(changed, 5);
    // The scratch page is the one behind the core's; padding has written its first cell.
    const std::vector<char> empty(cell, 0);
    CHECK(std::memcmp(after.data() + n_cells * cell, empty.data(), cell) != 0);
    CHECK(std::memcmp(after.data() + (n_cells + 1) * cell, empty.data(), cell) == 0);
}
