#include "runner/page-identity.h"

#include <cstdio>
#include <cstdlib>

#include "hash/hash.h"
#include "llama-context.h"
#include "llama-model.h"
#include "runner/matrix/kernels/kernel.h"
#include "runner/model.h"
#include "runner/runner.h"

namespace banyan {

namespace {

constexpr const char * kFormat = "banyan-page/1";

/** Exact: a rounded decimal could make two contexts one. */
std::string exact(float value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%a", static_cast<double>(value));
    return text;
}

}  // namespace

std::string page_identity(const Model & model, const llama_context & context, const RunnerOptions & options,
                          int64_t page_bytes, const std::string & state_layout) {
    if (model.info().digest.empty()) return "";
    const llama_cparams & params = context.get_cparams();
    const char * rotation = std::getenv("LLAMA_ATTN_ROT_DISABLE");  // llama.cpp turns keys of quantized caches
    std::string text = kFormat;
    const auto add = [&](const char * name, const std::string & value) {
        text += std::string("\n") + name + "=" + value;
    };
    add("llama.cpp", BANYAN_LLAMA_COMMIT);
    add("model", model.info().digest);
    add("k", word_of(options.type_k));
    add("v", word_of(options.type_v));
    add("page tokens", std::to_string(options.page_tokens));
    add("page bytes", std::to_string(page_bytes));
    add("rotation off", rotation ? rotation : "");
    add("flash attention", std::to_string(params.flash_attn));
    if (options.exact) add("exact products", matrix_kernel() ? matrix_kernel()->name : "1");
    add("causal", std::to_string(params.causal_attn));
    add("whole windows", "1");  // swa_full: layers with a window keep all pages
    add("rope base", exact(params.rope_freq_base));
    add("rope scale", exact(params.rope_freq_scale));
    add("rope scaling", std::to_string(static_cast<int>(params.rope_scaling_type)));
    // Some models have other factors for contexts longer than the one they were trained in.
    add("rope long", std::to_string(params.n_ctx_seq > model.handle()->hparams.n_ctx_orig_yarn));
    add("yarn context", std::to_string(params.n_ctx_orig_yarn));
    add("yarn ext", exact(params.yarn_ext_factor));
    add("yarn attn", exact(params.yarn_attn_factor));
    add("yarn fast", exact(params.yarn_beta_fast));
    add("yarn slow", exact(params.yarn_beta_slow));
    if (!state_layout.empty()) add("states", state_layout);
    return hash_sha256_hex(text.data(), text.size());
}

}  // namespace banyan
