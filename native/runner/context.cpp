#include "runner/context.h"

#include <new>
#include <string>

#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"
#include "runner/model.h"

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

}  // namespace banyan
