// Packed weights in whole models: every architecture of llama.cpp's zoo, quantised, against the same file on ggml's own
// kernels. The zoo is too narrow for the K types; for those there is a wider model.
//
// BANYAN_TEST_MODELS: folder with <architecture>-<dense|moe>.gguf files; BANYAN_TEST_WIDE_MODEL: a file whose matrices
// are multiples of 256 wide (ctest fixtures set them).
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "llama-cpp.h"
#include "llama-model.h"
#include "runner/arch/architecture.h"
#include "runner/backend.h"
#include "runner/matrix/kernels/kernel.h"
#include "runner/scenario.h"

using namespace banyan;
using namespace banyan::test;

namespace {

llama_model_ptr load(const std::string & path, bool packed) {
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = 0;
    params.use_extra_bufts = packed;
    return llama_model_ptr(llama_model_load_from_file(path.c_str(), params));
}

bool quantise(const std::string & from, const std::string & to, llama_ftype type) {
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = type;
    params.nthread = 1;
    return llama_model_quantize(from.c_str(), to.c_str(), &params) == 0;
}

int packed_tensors(const llama_model & model) {
    int n = 0;
    for (const auto & [name, tensor] : model.tensors_by_name) {
        const char * type = tensor->buffer ? ggml_backend_buffer_name(tensor->buffer) : "";
        if (std::strcmp(type, "CPU_BANYAN") == 0) ++n;
    }
    return n;
}

/** Mean square of the difference over that of the expected; infinity: not the same steps, or a number that is none. */
double error_of(const std::vector<StepLogits> & got, const std::vector<StepLogits> & expected) {
    if (got.size() != expected.size()) return INFINITY;
    double wrong = 0, all = 0;
    for (size_t i = 0; i < got.size(); ++i) {
        if (!got[i].ran || !expected[i].ran || got[i].logits.size() != expected[i].logits.size()) return INFINITY;
        for (size_t j = 0; j < got[i].logits.size(); ++j) {
            const double off = double{got[i].logits[j]} - expected[i].logits[j];
            wrong += off * off;
            all += double{expected[i].logits[j]} * expected[i].logits[j];
        }
    }
    return std::isfinite(wrong) ? wrong / all : INFINITY;
}

std::vector<StepLogits> logits_of(llama_model * model) {
    const auto sequences = stock_sequences(model, GGML_TYPE_F16, Reference::no_flash_attention);
    const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    return sequences ? run_scenario(*sequences, n_vocab, false) : std::vector<StepLogits>{};
}

/** Both round rows to bytes and add up in another order; of Q4_1 and Q5_1 ggml also rounds the sums of rows to f16, and
 * rows of K types to bytes in blocks of 256. Models that run their layers again and again (hrm_text) make the most of
 * it; what reads weights in a wrong order is off by 1. */
double limit_of(llama_ftype type) {
    const bool close =
        type == LLAMA_FTYPE_MOSTLY_Q8_0 || type == LLAMA_FTYPE_MOSTLY_Q4_0 || type == LLAMA_FTYPE_MOSTLY_Q5_0;
    return close ? 1e-3 : 1e-2;
}

bool served(const llama_model * model) {
    char name[64] = "";
    llama_model_meta_val_str(model, "general.architecture", name, sizeof(name));
    return architecture_of(name).path != AttentionPath::refused;
}

/** Quantises a model and compares both ways to compute it. False: nothing of it is packed. */
bool compare(const std::string & path, const std::string & name, llama_ftype type) {
    const std::string file = std::filesystem::temp_directory_path() / ("banyan-packed-" + std::to_string(getpid()));
    if (!quantise(path, file, type)) return false;
    const llama_model_ptr packed = load(file, true);
    const llama_model_ptr plain = load(file, false);
    std::filesystem::remove(file);  // both have it mapped, or read
    if (!packed || !plain || !served(packed.get()) || packed_tensors(*packed) == 0) return false;
    CHECK_EQ(packed_tensors(*plain), 0);
    const double error = error_of(logits_of(packed.get()), logits_of(plain.get()));
    if (!(error < limit_of(type))) {
        fail(__FILE__, __LINE__, name + ", type " + std::to_string(type) + ": nmse " + std::to_string(error));
    }
    return true;
}

void prepare() {
    if (!matrix_kernel()) setenv("BANYAN_MATRIX", "portable", 1);  // what machines without AVX2 would not run
    backend::init();
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
}

}  // namespace

TEST("every architecture, quantised: packed weights agree with ggml's kernels") {
    prepare();
    const char * dir = std::getenv("BANYAN_TEST_MODELS");
    int n_packed = 0;
    for (const auto & entry : std::filesystem::directory_iterator(dir ? dir : ".")) {
        if (entry.path().extension() != ".gguf") continue;
        const std::string name = entry.path().stem();
        if (name == "qwen4exp-moe") continue;  // llama.cpp quantises a weight that it then adds, and cannot
        for (const llama_ftype type : {LLAMA_FTYPE_MOSTLY_Q8_0, LLAMA_FTYPE_MOSTLY_Q4_0, LLAMA_FTYPE_MOSTLY_Q4_1,
                                       LLAMA_FTYPE_MOSTLY_Q5_0, LLAMA_FTYPE_MOSTLY_Q5_1}) {
            if (compare(entry.path(), name, type)) ++n_packed;
        }
    }
    std::printf("%d models have packed weights\n", n_packed);
    CHECK(n_packed >= 100);
}

TEST("types that take 256 numbers at a time, in a model that is so wide") {
    prepare();
    const char * path = std::getenv("BANYAN_TEST_WIDE_MODEL");
    for (const llama_ftype type : {LLAMA_FTYPE_MOSTLY_Q4_K_M, LLAMA_FTYPE_MOSTLY_Q5_K_M, LLAMA_FTYPE_MOSTLY_Q6_K}) {
        CHECK(compare(path ? path : "wide.gguf", "wide", type));
    }
}
