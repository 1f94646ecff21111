// A llama_context and its end; where it cannot be made, the error that says why.
//
// Thread: that of the caller, which is the only one to use the context.
#pragma once

#include <functional>
#include <memory>

struct llama_context;

namespace banyan {

class Model;

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

}  // namespace banyan
