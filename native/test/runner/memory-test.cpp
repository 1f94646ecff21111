// What a context's memory holds: as many bytes as were predicted before it was made, none of them resident before they
// are written, and nothing of a request in the next one's.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "check.h"
#include "ggml-backend.h"
#include "llama-kv-cache.h"
#include "llama-memory-recurrent.h"
#include "llama.h"
#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/kv/copy-pages.h"
#include "runner/kv/kv-caches.h"
#include "runner/model.h"
#include "runner/runner.h"

using namespace banyan;
using namespace banyan::test;

namespace {

std::atomic<bool> never{false};

std::vector<std::filesystem::path> model_paths() {
    const char * dir = std::getenv("BANYAN_TEST_MODELS");
    std::vector<std::filesystem::path> paths;
    for (const auto & entry : std::filesystem::directory_iterator(dir ? dir : ".")) {
        if (entry.path().extension() == ".gguf") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    CHECK(!paths.empty());
    return paths;
}

/** nullptr: this architecture is refused. */
std::unique_ptr<Runner> runner_of(const std::filesystem::path & path, std::shared_ptr<const Model> & model,
                                  const RunnerOptions & options) {
    try {
        model = Model::load(path.string(), {0}, {}, never);
        return std::make_unique<Runner>(model, options, never);
    } catch (const Error & e) {
        CHECK_EQ(e.code, "MODEL_UNSUPPORTED");
        return nullptr;
    }
}

RunnerOptions small() {
    RunnerOptions options;
    options.threads = 1;
    options.kv_tokens = 256;
    options.page_tokens = 16;
    options.max_running = 3;
    options.max_batch_tokens = 64;
    return options;
}

llama_memory_recurrent * states_of(Runner & runner) {
    return recurrent_memory(llama_get_memory(runner.context()));
}

std::vector<ggml_tensor *> tensors_of(const llama_memory_recurrent & states) {
    std::vector<ggml_tensor *> tensors;
    for (const auto * layers : {&states.r_l, &states.s_l, &states.p_l}) {
        std::copy_if(layers->begin(), layers->end(), std::back_inserter(tensors), [](ggml_tensor * t) { return t; });
    }
    return tensors;
}

int64_t bytes_of(const llama_memory_recurrent * states) {
    int64_t bytes = 0;
    if (!states) return 0;
    for (const ggml_tensor * tensor : tensors_of(*states)) bytes += static_cast<int64_t>(ggml_nbytes(tensor));
    return bytes;
}

/** All NaN, as a sequence that overflowed leaves them. */
void poison_states(Runner & runner) {
    for (ggml_tensor * tensor : tensors_of(*states_of(runner))) {
        const std::vector<char> nan(ggml_nbytes(tensor), '\xff');
        ggml_backend_tensor_set(tensor, nan.data(), 0, nan.size());
    }
}

void poison_pages(Runner & runner) {
    for (const llama_kv_cache * cache : attention_caches(llama_get_memory(runner.context()))) {
        for (const uint32_t layer : cache->get_layer_ids()) {
            for (ggml_tensor * storage : {cache->get_k_storage(static_cast<int32_t>(layer)),
                                          cache->get_v_storage(static_cast<int32_t>(layer))}) {
                if (!storage) continue;
                const std::vector<char> nan(ggml_nbytes(storage), '\xff');
                ggml_backend_tensor_set(storage, nan.data(), 0, nan.size());
            }
        }
    }
}

/** Logits after a prompt of 20 tokens, and after four more, in the slot. */
std::vector<float> logits_of(Runner & runner, int n_vocab, SlotId slot) {
    std::vector<Token> tokens;
    for (int i = 0; i < 24; ++i) tokens.push_back(1 + i * 7 % std::min(n_vocab - 1, 90));
    const PageId pages[] = {5, 2};
    std::vector<float> out;
    for (int32_t n_past = 0; n_past < 24; n_past = n_past == 0 ? 20 : n_past + 1) {
        const int32_t n = n_past == 0 ? 20 : 1;
        Batch batch;
        batch.rows.push_back({1, slot, tokens.data() + n_past, n, n_past, pages, 2, true, n_past == 0});
        batch.n_tokens = n;
        if (!runner.run(batch)) return {};
        out.insert(out.end(), runner.logits(0), runner.logits(0) + n_vocab);
    }
    runner.release(slot);
    return out;
}

int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    int64_t size = 0, resident = 0;
    statm >> size >> resident;
    return resident * 4096;
}

}  // namespace

TEST("pages and states hold as many bytes as were counted before, on every architecture") {
    int hybrids = 0, windows = 0;
    for (const auto & path : model_paths()) {
        std::shared_ptr<const Model> model;
        const auto runner = runner_of(path, model, small());
        if (!runner) continue;
        const int64_t states = bytes_of(states_of(*runner)) / small().max_running;
        hybrids += states > 0;
        if (runner->info().state_bytes != states) {
            fail(__FILE__, __LINE__,
                 path.stem().string() + ": states of " + std::to_string(states) + " bytes, counted " +
                     std::to_string(runner->info().state_bytes));
        }
        const auto caches = attention_caches(llama_get_memory(runner->context()));
        const bool has_windows = runner->info().window_tokens > 0;
        if (has_windows) {
            ++windows;
            const int64_t held = bytes_per_page({caches.back()}, 16) * runner->info().n_pages;
            if (runner->info().window_bytes != held) {
                fail(__FILE__, __LINE__,
                     path.stem().string() + ": windows hold " + std::to_string(held) + " bytes, counted " +
                         std::to_string(runner->info().window_bytes));
            }
            CHECK(runner->info().window_needed_bytes > 0 && runner->info().window_needed_bytes <= held);
        } else {
            CHECK_EQ(runner->info().window_bytes, 0);
        }
        const int64_t counted = kv_bytes_per_token(*model, KvType::f16, KvType::f16) * 16;
        if (runner->info().page_bytes != counted) {
            fail(__FILE__, __LINE__,
                 path.stem().string() + ": pages of " + std::to_string(runner->info().page_bytes) + " bytes, counted " +
                     std::to_string(counted));
        }
    }
    CHECK(hybrids >= 10);
    CHECK(windows >= 5);
}

TEST("a request after one whose state was lost to NaN answers as the first one did") {
    int tested = 0;
    for (const auto & path : model_paths()) {
        std::shared_ptr<const Model> model;
        const auto runner = runner_of(path, model, small());
        if (!runner || !states_of(*runner)) continue;
        const int n_vocab = model->info().vocab_size;
        const std::vector<float> clean = logits_of(*runner, n_vocab, 1);
        CHECK(!clean.empty());
        poison_states(*runner);
        if (logits_of(*runner, n_vocab, 1) != clean) fail(__FILE__, __LINE__, path.stem().string());
        poison_states(*runner);
        if (logits_of(*runner, n_vocab, 2) != clean) fail(__FILE__, __LINE__, path.stem().string() + ", another slot");
        ++tested;
    }
    CHECK(tested >= 10);
}

TEST("what pages held before they were given to a request is never read") {
    for (const std::string name : {"llama-dense", "gemma3-dense", "qwen3-dense"}) {
        const auto path = std::filesystem::path(std::getenv("BANYAN_TEST_MODELS")) / (name + ".gguf");
        std::shared_ptr<const Model> model;
        const auto runner = runner_of(path, model, small());
        CHECK_EQ(runner->info().attention, "paged");
        const std::vector<float> clean = logits_of(*runner, model->info().vocab_size, 1);
        poison_pages(*runner);
        CHECK(logits_of(*runner, model->info().vocab_size, 1) == clean);
    }
}

TEST("a pool takes memory as it is written, not when it is made") {
    const auto path = std::filesystem::path(std::getenv("BANYAN_TEST_MODELS")) / "llama-dense.gguf";
    RunnerOptions options = small();
    options.kv_tokens = 1 << 20;
    std::shared_ptr<const Model> model;
    const int64_t before = resident_bytes();
    const auto runner = runner_of(path, model, options);
    const int64_t pool = runner->info().n_pages * runner->info().page_bytes;
    CHECK(pool > 200 << 20);
    CHECK_EQ(*runner->touched_pages(), 1);  // the probe's
    logits_of(*runner, model->info().vocab_size, 1);
    CHECK_EQ(*runner->touched_pages(), 6);
#ifdef __linux__
    CHECK(resident_bytes() - before < pool / 8);
#endif
}
