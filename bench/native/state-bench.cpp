// What it costs to save and to load the recurrent state of one sequence, against a plain memcpy of the same bytes, in
// one process and by turns.
//   state-bench <model.gguf> [rounds=41]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/kv/state-bank.h"
#include "runner/model.h"
#include "runner/runner.h"

using namespace banyan;

namespace {

constexpr int32_t kStates = 8;  // more bytes than the last cache has
constexpr SlotId kSlots = 4;

template <typename F>
double ms(F work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double ratio_of(const std::vector<double> & a, const std::vector<double> & b) {
    std::vector<double> ratios;
    for (size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
    return median(ratios);
}

void measure(const char * path, int rounds) {
    const std::atomic<bool> never{false};
    const std::shared_ptr<const Model> model = Model::load(path, 0, {}, never);
    RunnerOptions options;
    options.kv_tokens = 4096;
    options.max_running = kSlots;
    options.saved_state_bytes = kStates * state_bytes_per_slot(*model);
    Runner runner(model, options, never);
    if (!runner.states() || runner.states()->n_states() == 0) throw Error("INVALID_OPTION", "its states are not saved");
    StateBank & bank = *runner.states();
    const size_t bytes = static_cast<size_t>(bank.state_bytes());
    std::vector<std::vector<char>> plain(2 * kStates, std::vector<char>(bytes, 1));
    for (StateId state = 0; state < kStates; ++state) {
        bank.clear(state % kSlots, 16);
        bank.save({state % kSlots, state, 16});
    }
    std::vector<double> save, load, copy;
    for (int i = 0; i < rounds; ++i) {
        const StateCopy moved{i % kSlots, i % kStates, 16};
        copy.push_back(ms([&] { std::memcpy(plain[i % kStates].data(), plain[kStates + i % kStates].data(), bytes); }));
        save.push_back(ms([&] { bank.save(moved); }));
        load.push_back(ms([&] { bank.load({(i + 1) % kSlots, i % kStates, 16}); }));
    }
    std::printf("%s, a state of %.2f MiB, %d rounds\n", model->info().architecture.c_str(), bytes / 1048576.0, rounds);
    std::printf("memcpy %.2f ms, save %.2f ms (%.2fx), load %.2f ms (%.2fx)\n", median(copy), median(save),
                ratio_of(save, copy), median(load), ratio_of(load, copy));
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s <model.gguf> [rounds=41]\n", argv[0]);
        return 2;
    }
    try {
        measure(argv[1], argc > 2 ? std::max(1, std::atoi(argv[2])) : 41);
    } catch (const std::exception & e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
