#define BANYAN_TEST_NO_MAIN
#include "runner/state-rig.h"

#include <algorithm>
#include <cstdlib>

#include "check.h"
#include "llama.h"
#include "runner/error.h"
#include "runner/kv-size.h"

namespace banyan::test {

namespace {

constexpr int32_t kPageTokens = 16;
const std::atomic<bool> never{false};

int gpu_layers() {
    const char * layers = std::getenv("BANYAN_TEST_GPU_LAYERS");
    return layers ? std::atoi(layers) : 0;
}

}  // namespace

std::vector<std::filesystem::path> models_with_states() {
    const char * dir = std::getenv("BANYAN_TEST_MODELS");
    std::vector<std::filesystem::path> paths;
    for (const auto & entry : std::filesystem::directory_iterator(dir ? dir : ".")) {
        if (entry.path().extension() != ".gguf") continue;
        const std::string stem = entry.path().stem().string();
        if (architecture_of(stem.substr(0, stem.rfind('-'))).states) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    CHECK(!paths.empty());
    return paths;
}

std::vector<Token> tokens_of(int n, int seed, int n_vocab) {
    std::vector<Token> tokens;
    for (int i = 0; i < n; ++i) tokens.push_back(1 + (i * 7 + i * i * (seed + 1) + seed * 31) % (n_vocab - 1));
    return tokens;
}

StateRig::StateRig(const std::filesystem::path & path, int n_threads, int32_t n_states)
    : model_(Model::load(path.string(), {gpu_layers()}, {}, never)) {
    RunnerOptions options;
    options.threads = n_threads;
    options.kv_tokens = 128 * kPageTokens;
    options.page_tokens = kPageTokens;
    options.max_running = 4;
    options.max_batch_tokens = 64;
    options.saved_state_bytes = n_states * state_bytes_per_slot(*model_);
    runner_ = std::make_unique<Runner>(model_, options, abort);
    CHECK_EQ(runner_->info().n_states, n_states);
}

Line StateRig::line(SlotId slot, std::vector<Token> tokens) {
    Line line{slot, std::move(tokens), {}};
    next_page_ += 2;  // pages of two lines are no neighbours
    for (size_t page = 0; page * kPageTokens < line.tokens.size(); ++page) line.pages.push_back(next_page_++);
    return line;
}

Line StateRig::fork(const Line & of, SlotId slot, StateId state, int32_t n) {
    Line line = this->line(slot, of.tokens);
    const auto whole = n / kPageTokens;
    std::copy_n(of.pages.begin(), whole, line.pages.begin());
    if (n % kPageTokens != 0) next_.copies.push_back({of.pages[whole], line.pages[whole], n % kPageTokens});
    next_.loads.push_back({slot, state, n});
    line.n_past = n;
    return line;
}

std::vector<std::vector<float>> StateRig::step(const std::vector<Part> & parts) {
    Batch batch = std::move(next_);
    next_ = {};
    for (const Part & part : parts) {
        Line & line = *part.line;
        const int32_t n = part.end - line.n_past;
        batch.rows.push_back({1, line.slot, line.tokens.data() + line.n_past, n, line.n_past, line.pages.data(),
                              static_cast<int32_t>(line.pages.size()), true, line.first});
        batch.n_tokens += n;
        if (part.save != kNoState) batch.saves_after.push_back({line.slot, part.save, part.end});
    }
    if (!runner_->run(batch)) return {};
    std::vector<std::vector<float>> logits;
    for (size_t r = 0; r < parts.size(); ++r) {
        logits.emplace_back();
        if (runner_->refused(r)) continue;
        logits.back().assign(runner_->logits(r), runner_->logits(r) + n_vocab());
        parts[r].line->n_past = parts[r].end;
        parts[r].line->first = false;
    }
    return logits;
}

}  // namespace banyan::test
