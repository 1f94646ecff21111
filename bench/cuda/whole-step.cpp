// Whole steps of the 8B shape with all layers on the GPU: the paged KV against stock unified and stock streams of the
// same llama.cpp, interleaved, in one run; the host's part of a step; live sequences at equal memory.
//   whole-step <folder for the 1 MB header file> [--repeats 15] [--layers 36] [--cpu]
// --cpu: a small model and small cases on the CPU, to try the program itself.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "live-sequences.h"
#include "native/step-engine.h"
#include "sparse-model.h"
#include "verdict.h"

using namespace banyan::bench;

namespace {

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

void judge(const StepCase & c, Kind other, double ratio) {
    const std::string name = "whole step " + std::to_string(c.rows) + " x " + std::to_string(c.context) + ", " +
                             std::to_string(c.shared_percent) + "% shared, " + name_of(other) + " / paged";
    if (c.n_new == 1) {
        const bool memory_limit = c.rows == 64 && other == Kind::unified;
        verdict(2, name, ratio, Bound::at_least, memory_limit ? 2.0 : 1.0);
    } else if (other == Kind::streams) {
        verdict(3, name + ", chunk of " + std::to_string(c.n_new), ratio, Bound::at_least, 0.95);
    }
}

void print_case(llama_model * model, const StepCase & c, int repeats) {
    for (const Kind other : {Kind::unified, Kind::streams}) {
        std::printf("| %d x %d | %d%% | %d | %s | ", c.rows, c.context, c.shared_percent, c.n_new, name_of(other));
        try {
            const auto [ours, theirs] = compare(other, model, c, repeats);
            std::printf("%.2f | %.2f | %.2fx |\n", ours, theirs, theirs / ours);
            judge(c, other, theirs / ours);
        } catch (const std::exception & e) {  // stock reserves more memory than there is
            std::printf("- | - | %s |\n", e.what());
        }
        std::fflush(stdout);
    }
}

/** Until the host is done with a decode step whose graph is there already; the device waits for it before. */
void host_time(llama_model * model, const StepCase & c, int repeats) {
    const std::unique_ptr<StepEngine> engine = make_engine(Kind::paged, model, c, 1);
    std::vector<double> times;
    for (int i = -5; i < 4 * repeats; ++i) {
        engine->wait();
        const auto start = std::chrono::steady_clock::now();
        if (!engine->launch()) throw std::runtime_error("a step failed");
        const auto stop = std::chrono::steady_clock::now();
        if (i >= 0) times.push_back(std::chrono::duration<double, std::micro>(stop - start).count());
    }
    engine->wait();
    std::printf("\n## Host time of a decode step, %d x %d\n\n%.0f us: block tables, plan, inputs, graph launch\n",
                c.rows, c.context, median(times));
    verdict(4, "host time of a decode step, batch " + std::to_string(c.rows) + ", us", median(times), Bound::at_most,
            150.0);
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 15;
    bool cpu = false;
    ModelSize size;
    for (int i = 2; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--cpu")) cpu = true;
        if (i + 1 == argc) break;
        if (!std::strcmp(argv[i], "--repeats")) repeats = std::max(1, std::atoi(argv[i + 1]));
        if (!std::strcmp(argv[i], "--layers")) size.layers = std::max(1, std::atoi(argv[i + 1]));
    }
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s <folder> [--repeats 15] [--layers 36] [--cpu]\n", argv[0]);
        return 1;
    }
    if (cpu) size = {2, 256, 512, 8, 2, 32, 4096};
    llama_log_set(
        [](ggml_log_level level, const char * text, void *) {
            if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
        },
        nullptr);
    llama_backend_init();
    if (!cpu && !llama_supports_gpu_offload()) {
        std::fprintf(stderr, "whole-step: no GPU (--cpu tries the program on the CPU)\n");
        return 1;
    }
    const std::string path = std::string(argv[1]) + "/sparse-8b.gguf";
    if (!write_sparse_model(path, size)) {
        std::fprintf(stderr, "cannot write %s\n", path.c_str());
        return 1;
    }
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = cpu ? 0 : 999;
    params.load_mode = LLAMA_LOAD_MODE_NONE;  // no mapped file: the weights are written after loading
    llama_model * model = llama_model_load_from_file(path.c_str(), params);
    std::filesystem::remove(path);
    if (!model) return 1;
    randomise_weights(model);
    std::printf("\n## Whole steps, %s, F16 weights, %d layers\n\ncommand: whole-step --repeats %d --layers %d%s\n\n",
                cpu ? "small model on the CPU" : "8B shape", size.layers, repeats, size.layers, cpu ? " --cpu" : "");
    std::printf(
        "| batch x context | shared | new tokens | stock | paged ms | stock ms | stock/paged "
        "|\n|---|---|---|---|---|---|---|\n");
    const std::vector<StepCase> cases =
        cpu ? std::vector<StepCase>{{1, 256, 0, 1}, {8, 256, 75, 1}, {1, 256, 0, 64}}
            : std::vector<StepCase>{{1, 8192, 0, 1},    {8, 8192, 0, 1},    {32, 4096, 0, 1},  {64, 4096, 0, 1},
                                    {128, 2048, 0, 1},  {8, 8192, 75, 1},   {32, 4096, 75, 1}, {64, 4096, 75, 1},
                                    {128, 2048, 75, 1}, {1, 16384, 0, 2048}};
    for (const StepCase & c : cases) print_case(model, c, repeats);
    int status = 0;
    try {
        host_time(model, cpu ? StepCase{8, 256, 75, 1} : StepCase{32, 4096, 75, 1}, repeats);
        live_sequences(model, 16);
    } catch (const std::exception & e) {
        std::fprintf(stderr, "whole-step: %s\n", e.what());
        status = 1;
    }
    llama_model_free(model);
    return status;
}
