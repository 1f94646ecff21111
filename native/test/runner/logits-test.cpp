// Logits and greedy tokens of the paged KV against stock llama.cpp, over tiny random models of every architecture.
//
// BANYAN_TEST_MODELS: folder with <architecture>-<dense|moe>.gguf files (the ctest fixture sets it).
// BANYAN_TEST_GPU_LAYERS: layers of ours on the GPU (0); the stock reference stays on the CPU.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "check.h"
#include "llama-cpp.h"
#include "runner/arch/architecture.h"
#include "runner/attention/kernel.h"
#include "runner/scenario.h"

using namespace banyan;
using namespace banyan::test;

namespace {

std::vector<std::string> model_paths() {
    const char * dir = std::getenv("BANYAN_TEST_MODELS");
    std::vector<std::string> paths;
    if (dir) {
        for (const auto & entry : std::filesystem::directory_iterator(dir)) {
            if (entry.path().extension() == ".gguf") paths.push_back(entry.path().string());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::string path_of(const std::string & name) {
    for (const std::string & path : model_paths()) {
        if (std::filesystem::path(path).stem() == name) return path;
    }
    fail(__FILE__, __LINE__, "no test model " + name);
    return "";
}

int gpu_layers() {
    const char * layers = std::getenv("BANYAN_TEST_GPU_LAYERS");
    return layers ? std::atoi(layers) : 0;
}

llama_model_ptr load(const std::string & path, int n_gpu_layers = gpu_layers()) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = n_gpu_layers;
    return llama_model_ptr(llama_model_load_from_file(path.c_str(), params));
}

std::string architecture_name(const llama_model * model) {
    char name[64] = "";
    llama_model_meta_val_str(model, "general.architecture", name, sizeof(name));
    return name;
}

double nmse(const std::vector<float> & a, const std::vector<float> & b) {
    if (a.size() != b.size() || a.empty()) return INFINITY;
    double error = 0;
    double norm = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i])) return INFINITY;
        error += std::pow(static_cast<double>(a[i]) - b[i], 2);
        norm += std::pow(static_cast<double>(b[i]), 2);
    }
    return error / norm;
}

/** Rows whose greedy token differs although the reference's best leads by more than the noise. */
int greedy_differences(const std::vector<float> & a, const std::vector<float> & b, int n_vocab, double noise) {
    int differences = 0;
    for (size_t row = 0; row + n_vocab <= b.size(); row += n_vocab) {
        const auto best = std::max_element(b.begin() + row, b.begin() + row + n_vocab);
        const auto chosen = std::max_element(a.begin() + row, a.begin() + row + n_vocab) - a.begin();
        if (*best - b[chosen] > noise) ++differences;
    }
    return differences;
}

double deviation(const std::vector<float> & x) {
    double sum = 0;
    for (const float v : x) sum += static_cast<double>(v) * v;
    return std::sqrt(sum / static_cast<double>(x.size()));
}

void compare(const std::string & name, const std::vector<StepLogits> & got, const std::vector<StepLogits> & expected,
             int n_vocab, double limit) {
    if (got.size() != expected.size()) return fail(__FILE__, __LINE__, name + ": steps are missing");
    for (size_t i = 0; i < got.size(); ++i) {
        const double error = nmse(got[i].logits, expected[i].logits);
        const double noise = 6 * std::sqrt(limit) * deviation(expected[i].logits);
        const int wrong = greedy_differences(got[i].logits, expected[i].logits, n_vocab, noise);
        if (got[i].ran && expected[i].ran && error <= limit && wrong == 0) continue;
        char text[256];
        std::snprintf(text, sizeof(text), "%s: %s: nmse %.2e (limit %.0e), greedy differences %d%s", name.c_str(),
                      got[i].name.c_str(), error, limit, wrong, got[i].ran ? "" : ", refused");
        fail(__FILE__, __LINE__, text);
    }
}

constexpr double kLimit = 1e-5;           // f16 cache, f32 weights
constexpr double kQuantizedLimit = 2e-3;  // stock also rounds the queries to q8_0 there; ours does not
constexpr double kGpuLimit = 1e-4;        // matrix products round differently there too

/** One model: stock once, then every given way of paging. */
class Subject {
  public:
    Subject(const std::string & path, ggml_type type, Reference reference)
        : name_(std::filesystem::path(path).stem().string()), model_(load(path)), type_(type) {
        if (!model_) {
            fail(__FILE__, __LINE__, name_ + ": does not load");
            return;
        }
        n_vocab_ = llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
        const Architecture architecture = architecture_of(architecture_name(model_.get()));
        reuse_ = architecture.prefix_reuse && !architecture.states;  // state-bank-test has those
        const llama_model_ptr on_cpu = gpu_layers() > 0 ? load(path, 0) : nullptr;
        const auto stock = stock_sequences(on_cpu ? on_cpu.get() : model_.get(), type, reference);
        if (stock) expected_ = run_scenario(*stock, n_vocab_, reuse_);
    }

    void check(PagedOptions options, double limit, const std::string & label) {
        if (!model_) return;
        options.type = type_;
        if (gpu_layers() > 0) limit = std::max(limit, kGpuLimit);
        const auto paged = paged_sequences(model_.get(), options);
        if (!paged) return fail(__FILE__, __LINE__, name_ + ": no paged context");
        compare(name_ + " " + label, run_scenario(*paged, n_vocab_, reuse_), expected_, n_vocab_, limit);
    }

  private:
    std::string name_;
    llama_model_ptr model_;
    ggml_type type_;
    int n_vocab_ = 0;
    bool reuse_ = true;
    std::vector<StepLogits> expected_;
};

}  // namespace

TEST("every supported architecture: paged and dense agree with stock") {
    CHECK(gpu_layers() == 0 || llama_supports_gpu_offload());  // else the CPU would agree with itself
    std::set<std::string> paged;
    for (const std::string & path : model_paths()) {
        const llama_model_ptr model = load(path);
        if (!model) continue;
        const Architecture architecture = architecture_of(architecture_name(model.get()));
        if (architecture.path == AttentionPath::refused || architecture.path == AttentionPath::head) continue;
        PagedOptions options;
        Subject(path, GGML_TYPE_F16, Reference::no_flash_attention).check(options, kLimit, "automatic");
        if (architecture.path != AttentionPath::paged) continue;
        paged.insert(architecture_name(model.get()));
        // The dense mask goes to stock flash attention, which sums V in f16: that is what it must agree with.
        options.dense = true;
        options.page_tokens = 16;
        Subject(path, GGML_TYPE_F16, Reference::flash_attention).check(options, kLimit, "dense");
    }
    CHECK(paged.size() >= 25);
}

TEST("every kernel, page size and thread count that runs here") {
    for (const char * name : {"llama-dense", "qwen3-dense", "gemma2-dense", "gemma3-dense", "gpt-oss-moe", "llama4-moe",
                              "bloom-dense", "deepseek2-moe", "qwen35-dense"}) {
        Subject subject(path_of(name), GGML_TYPE_F16, Reference::no_flash_attention);
        for (const char * kernel : {"portable", "avx2", "avx512", "neon"}) {
            if (!find_attention_kernel(kernel)) continue;
            setenv("BANYAN_ATTENTION", kernel, 1);
            PagedOptions options;
            options.page_tokens = 16;
            options.n_threads = 2;
            subject.check(options, kLimit, kernel);
            unsetenv("BANYAN_ATTENTION");
        }
        for (const int page_tokens : {1, 8, 64, 256}) {
            PagedOptions options;
            options.page_tokens = page_tokens;
            subject.check(options, kLimit, "page of " + std::to_string(page_tokens));
        }
    }
}

TEST("quantised and wide caches") {
    for (const char * name : {"llama-dense", "qwen3-dense", "gemma3-dense", "gpt-oss-moe", "bloom-dense"}) {
        for (const ggml_type type : {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
            Subject subject(path_of(name), type, Reference::flash_attention);
            subject.check({}, kQuantizedLimit, ggml_type_name(type));
            PagedOptions dense;
            dense.dense = true;
            subject.check(dense, kLimit, std::string("dense ") + ggml_type_name(type));
        }
        for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_BF16}) {
            Subject subject(path_of(name), type, Reference::no_flash_attention);
            subject.check({}, type == GGML_TYPE_F32 ? kLimit : 1e-4, ggml_type_name(type));
        }
    }
}
