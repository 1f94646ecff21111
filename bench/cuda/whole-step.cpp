// Whole steps with all layers on the GPU: the paged KV against stock unified and stock streams of the same llama.cpp,
// interleaved, in one run; the host's part of a step (0.6B); live sequences at equal memory (8B).
//   whole-step <folder for the 1 MB header file> [--shape 0.6b|8b] [--repeats 15] [--cpu]
// --cpu: a small model and small cases on the CPU, to try the program itself.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "cuda/sparse-model.h"
#include "cuda/verdict.h"
#include "live-sequences.h"
#include "native/step-engine.h"

using namespace banyan::bench;
using namespace banyan::test;

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

void judge(const StepCase & c, Kind other, double ratio, const std::string & shape) {
    const std::string name = shape + ", " + std::to_string(c.rows) + " x " + std::to_string(c.context) + ", " +
                             std::to_string(c.shared_percent) + "% shared, " + std::to_string(c.n_new) +
                             " new: " + name_of(other) + " / paged";
    const bool many = c.n_new == 1 && c.rows == 8 && c.context == 2048 && c.shared_percent == 0;
    verdict(4, name, ratio, Bound::at_least, many ? 1.5 : 1.0);
}

void print_case(llama_model * model, const StepCase & c, int repeats, const std::string & shape) {
    for (const Kind other : {Kind::unified, Kind::streams}) {
        std::printf("| %d x %d | %d%% | %d | %s | ", c.rows, c.context, c.shared_percent, c.n_new, name_of(other));
        try {
            const auto [ours, theirs] = compare(other, model, c, repeats);
            std::printf("%.2f | %.2f | %.2fx |\n", ours, theirs, theirs / ours);
            judge(c, other, theirs / ours, shape);
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
    std::string shape = "8b";
    for (int i = 2; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--cpu")) cpu = true;
        if (i + 1 == argc) break;
        if (!std::strcmp(argv[i], "--repeats")) repeats = std::max(1, std::atoi(argv[i + 1]));
        if (!std::strcmp(argv[i], "--shape")) shape = argv[i + 1];
    }
    ModelSize size;
    if (shape == "0.6b") size = {28, 1024, 3072, 16, 8, 128, 151936};
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s <folder> [--shape 0.6b|8b] [--repeats 15] [--cpu]\n", argv[0]);
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
    const std::string path = std::string(argv[1]) + "/sparse-" + shape + ".gguf";
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
    std::printf("\n## Whole steps, %s shape%s, F16 weights\n\ncommand: whole-step --shape %s --repeats %d%s\n\n",
                shape.c_str(), cpu ? " made small" : "", shape.c_str(), repeats, cpu ? " --cpu" : "");
    std::printf(
        "| batch x context | shared | new tokens | stock | paged ms | stock ms | stock/paged "
        "|\n|---|---|---|---|---|---|---|\n");
    const std::vector<StepCase> cases =
        cpu ? std::vector<StepCase>{{1, 256, 0, 1}, {8, 256, 75, 1}, {1, 256, 0, 64}, {1, 0, 0, 64}}
            : std::vector<StepCase>{{8, 2048, 0, 1}, {1, 4096, 0, 1}, {1, 4096, 0, 512}, {32, 1024, 0, 1},
                                    {1, 512, 0, 1},  {1, 0, 0, 2048}, {8, 2048, 75, 1},  {32, 1024, 75, 1}};
    for (const StepCase & c : cases) print_case(model, c, repeats, shape);
    int status = 0;
    try {
        if (shape == "0.6b")
            host_time(model, cpu ? StepCase{8, 256, 75, 1} : StepCase{32, 1024, 75, 1}, repeats);
        else
            live_sequences(model, 16);
    } catch (const std::exception & e) {
        std::fprintf(stderr, "whole-step: %s\n", e.what());
        status = 1;
    }
    llama_model_free(model);
    return status;
}
