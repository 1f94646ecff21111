// Time of one step: the paged KV against stock unified and stock streams of the same llama.cpp, in one run.
//   step-bench <model.gguf> [--threads 1,2] [--repeats 9] [--only <rows>x<context>] [--dense]
//
// The engines take turns; each number is the median over the repeats, each ratio the median of the repeats' ratios.
// One thread: CPU time of the thread, which other processes disturb least. More: wall time.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "step-engine.h"

using namespace banyan::bench;

namespace {

struct Options {
    std::string model;
    std::vector<int> threads = {1, 2};
    int repeats = 9;
    std::string only;
    bool dense = false;
};

double now_ms(bool cpu_time) {
    timespec t;
    clock_gettime(cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

double median(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return x[x.size() / 2];
}

struct Pair {
    double other_ms, ours_ms, ratio;
};

/** Interleaved steps of two engines. */
Pair compare(Kind other, Kind ours, llama_model * model, const StepCase & c, int n_threads, int repeats) {
    const auto engines = {make_engine(other, model, c, n_threads).release(), make_engine(ours, model, c, n_threads).release()};
    std::vector<double> times[2];
    for (int r = -1; r < repeats; ++r) {  // the first round warms up
        int e = 0;
        for (StepEngine * engine : engines) {
            const double start = now_ms(n_threads == 1);
            if (!engine->step()) throw std::runtime_error("a step failed");
            const double taken = now_ms(n_threads == 1) - start;
            if (r >= 0) times[e].push_back(taken);
            engine->undo();
            ++e;
        }
    }
    for (StepEngine * engine : engines) delete engine;
    std::vector<double> ratios;
    for (int r = 0; r < repeats; ++r) ratios.push_back(times[0][r] / times[1][r]);
    return {median(times[0]), median(times[1]), median(ratios)};
}

std::vector<int> numbers(const char * text) {
    std::vector<int> out;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) out.push_back(std::atoi(part.c_str()));
    return out;
}

bool parse(int argc, char ** argv, Options & o) {
    for (int i = 1; i < argc; ++i) {
        const bool value = i + 1 < argc;
        if (!std::strcmp(argv[i], "--dense")) o.dense = true;
        else if (!std::strcmp(argv[i], "--threads") && value) o.threads = numbers(argv[++i]);
        else if (!std::strcmp(argv[i], "--repeats") && value) o.repeats = std::atoi(argv[++i]);
        else if (!std::strcmp(argv[i], "--only") && value) o.only = argv[++i];
        else if (o.model.empty() && argv[i][0] != '-') o.model = argv[i];
        else return false;
    }
    return !o.model.empty() && o.repeats > 0;
}

void run(llama_model * model, const Options & o) {
    const std::vector<StepCase> cases = {
        {1, 512, 0, 1},   {1, 4096, 0, 1},   {8, 2048, 0, 1},  {8, 2048, 75, 1}, {16, 2048, 0, 1},
        {16, 2048, 75, 1}, {32, 1024, 0, 1}, {32, 1024, 75, 1}, {1, 4096, 0, 512},
    };
    const Kind ours = o.dense ? Kind::dense : Kind::paged;
    std::printf("| threads | rows x context | shared | new tokens | %s ms | vs unified | vs streams |\n", name_of(ours));
    std::printf("|---|---|---|---|---|---|---|\n");
    for (const int n_threads : o.threads) {
        for (const StepCase & c : cases) {
            const std::string label = std::to_string(c.rows) + "x" + std::to_string(c.context);
            if (!o.only.empty() && o.only != label) continue;
            const Pair unified = compare(Kind::unified, ours, model, c, n_threads, o.repeats);
            const Pair streams = compare(Kind::streams, ours, model, c, n_threads, o.repeats);
            std::printf("| %d | %s | %d%% | %d | %.1f | %.2fx (%.1f ms) | %.2fx (%.1f ms) |\n", n_threads, label.c_str(),
                        c.shared_percent, c.n_new, std::min(unified.ours_ms, streams.ours_ms), unified.ratio,
                        unified.other_ms, streams.ratio, streams.other_ms);
            std::fflush(stdout);
        }
    }
}

}  // namespace

int main(int argc, char ** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        std::fprintf(stderr, "usage: %s <model.gguf> [--threads 1,2] [--repeats 9] [--only 8x2048] [--dense]\n", argv[0]);
        return 1;
    }
    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
    }, nullptr);
    llama_backend_init();
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = 0;
    llama_model * model = llama_model_load_from_file(options.model.c_str(), params);
    if (!model) return 1;
    std::printf("command:");
    for (int i = 0; i < argc; ++i) std::printf(" %s", argv[i]);
    std::printf("\n\n");
    try {
        run(model, options);
    } catch (const std::exception & e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    llama_model_free(model);
    return 0;
}
