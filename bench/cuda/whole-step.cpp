// Whole steps of the 8B shape with all layers on the GPU: the paged KV against stock unified and stock streams of the
// same llama.cpp, interleaved, in one run.
//   whole-step <folder for the 1 MB header file> [--repeats 15] [--layers 36]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "native/step-engine.h"
#include "sparse-model.h"

using namespace banyan::bench;

namespace {

double median(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return x[x.size() / 2];
}

double step_ms(StepEngine & engine) {
    const auto start = std::chrono::steady_clock::now();
    if (!engine.step()) throw std::runtime_error("a step failed");
    const auto stop = std::chrono::steady_clock::now();
    engine.undo();
    return std::chrono::duration<double, std::milli>(stop - start).count();
}

/** Medians of ours and the other's milliseconds; the two take turns. */
std::pair<double, double> compare(Kind other, llama_model * model, const StepCase & c, int repeats) {
    const std::unique_ptr<StepEngine> theirs = make_engine(other, model, c, 1);
    const std::unique_ptr<StepEngine> ours = make_engine(Kind::paged, model, c, 1);
    std::vector<double> times[2];
    for (int i = -3; i < repeats; ++i) {
        const double a = step_ms(*ours);
        const double b = step_ms(*theirs);
        if (i < 0) continue;
        times[0].push_back(a);
        times[1].push_back(b);
    }
    return {median(times[0]), median(times[1])};
}

void print_case(llama_model * model, const StepCase & c, int repeats) {
    for (const Kind other : {Kind::unified, Kind::streams}) {
        std::printf("| %d x %d | %d%% | %d | %s | ", c.rows, c.context, c.shared_percent, c.n_new, name_of(other));
        try {
            const auto [ours, theirs] = compare(other, model, c, repeats);
            std::printf("%.2f | %.2f | %.2fx |\n", ours, theirs, theirs / ours);
        } catch (const std::exception & e) {  // stock reserves more memory than there is
            std::printf("- | - | %s |\n", e.what());
        }
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 15;
    ModelSize size;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!std::strcmp(argv[i], "--repeats")) repeats = std::max(1, std::atoi(argv[i + 1]));
        if (!std::strcmp(argv[i], "--layers")) size.layers = std::max(1, std::atoi(argv[i + 1]));
    }
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s <folder> [--repeats 15] [--layers 36]\n", argv[0]);
        return 1;
    }
    llama_log_set(
        [](ggml_log_level level, const char * text, void *) {
            if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
        },
        nullptr);
    llama_backend_init();
    const std::string path = std::string(argv[1]) + "/sparse-8b.gguf";
    if (!write_sparse_model(path, size)) {
        std::fprintf(stderr, "cannot write %s\n", path.c_str());
        return 1;
    }
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = 999;
    llama_model * model = llama_model_load_from_file(path.c_str(), params);
    std::filesystem::remove(path);
    if (!model) return 1;
    randomise_weights(model);
    std::printf("## Whole steps, 8B shape, F16 weights, %d layers\n\n", size.layers);
    std::printf(
        "| batch x context | shared | new tokens | stock | paged ms | stock ms | stock/paged "
        "|\n|---|---|---|---|---|---|---|\n");
    for (const StepCase & c : {StepCase{1, 8192, 0, 1},
                               {8, 8192, 0, 1},
                               {32, 4096, 0, 1},
                               {64, 4096, 0, 1},
                               {128, 2048, 0, 1},
                               {8, 8192, 75, 1},
                               {32, 4096, 75, 1},
                               {64, 4096, 75, 1},
                               {128, 2048, 75, 1},
                               {1, 16384, 0, 2048}}) {
        print_case(model, c, repeats);
    }
    std::printf(
        "\nTargets: decode >= 1.0x everywhere, >= 2x over unified at 64 x 4096; the chunk >= 0.95x of streams "
        "(contiguous KV).\n");
    llama_model_free(model);
    return 0;
}
