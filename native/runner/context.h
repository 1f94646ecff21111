// A llama_context: how it is asked for, and its end; where it cannot be made, the error that says why.
//
// Thread: that of the caller, which is the only one to use the context.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

struct llama_context;
struct llama_context_params;

namespace banyan {

class Model;
struct RunnerOptions;

namespace backend {
class LogCapture;
}

struct FreeContext {
    void operator()(llama_context * context) const;
};
using ContextPtr = std::unique_ptr<llama_context, FreeContext>;

/**
 * What `make` makes of the model. `log` has listened since before. Throws Error: OUT_OF_MEMORY, MODEL_UNSUPPORTED, or
 * what `make` throws of that kind.
 */
ContextPtr made_context(const Model & model, const backend::LogCapture & log,
                        const std::function<llama_context *()> & make);

/** Tokens that a step may hold: one for every slot at least, which is what llama.cpp reserves. */
int32_t step_capacity(const RunnerOptions & options);

/** Of a context that decodes on a pool of so many pages; the pool itself is installed by KvPool. */
llama_context_params context_params(const RunnerOptions & options, int32_t n_pages);

}  // namespace banyan
