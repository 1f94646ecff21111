#include "runner/context.h"

#include <algorithm>
#include <new>
#include <string>

#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"
#include "runner/kv-type.h"
#include "runner/model.h"
#include "runner/runner.h"

namespace banyan {

void FreeContext::operator()(llama_context * context) const {
    llama_free(context);
}

ContextPtr made_context(const Model & model, const backend::LogCapture & log,
                        const std::function<llama_context *()> & make) {
    ContextPtr context;
    try {
        context.reset(make());
    } catch (const std::bad_alloc &) {
        throw Error("OUT_OF_MEMORY", "not enough memory for the context");
    } catch (const Error &) {
        throw;
    } catch (const std::exception & e) {
        throw Error("MODEL_UNSUPPORTED", model.info().path + ": " + e.what(), "modelPath");
    }
    if (!context) {
        const std::string why = log.summary("llama.cpp could not make a context");
        const bool memory = why.find("alloc") != std::string::npos;
        throw Error(memory ? "OUT_OF_MEMORY" : "MODEL_UNSUPPORTED", model.info().path + ": " + why);
    }
    return context;
}

int32_t step_capacity(const RunnerOptions & options) {
    return std::max(options.max_batch_tokens, options.max_running);
}

llama_context_params context_params(const RunnerOptions & options, int32_t n_pages) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(n_pages) * options.page_tokens;
    params.n_batch = params.n_ubatch = step_capacity(options);
    params.n_seq_max = options.max_running;
    params.n_outputs_max = options.max_running + kMostScored;
    params.n_threads = params.n_threads_batch = options.threads > 0 ? options.threads : backend::physical_cores();
    params.type_k = ggml_type_of(options.type_k);
    params.type_v = ggml_type_of(options.type_v);
    params.kv_unified = true;
    params.swa_full = true;
    params.no_perf = true;
    params.op_offload = false;  // layers in host memory stay there: their attention would copy all pages in every step
    return params;
}

}  // namespace banyan
