#include "runner/sampling/logits-tap.h"

#include "ggml.h"
#include "llama.h"

namespace banyan {

namespace {

const char * name_of(const llama_sampler *) {
    return "banyan";
}
void apply(llama_sampler *, llama_token_data_array *) {}  // nothing on the host
bool backend_init(llama_sampler *, ggml_backend_buffer_type_t, uint32_t) {
    return true;
}

/** A chain starts with a view of one row of {logits of all outputs, one more row for chains without an output}. */
void tap(llama_sampler * sampler, ggml_context *, ggml_cgraph *, llama_sampler_data * data) {
    const ggml_tensor * padded = data->logits->view_src;
    *static_cast<ggml_tensor **>(sampler->ctx) = padded && padded->op == GGML_OP_PAD ? padded->src[0] : nullptr;
}

void keep_token(llama_sampler *, ggml_context *, ggml_cgraph *, llama_sampler_data * data) {
    data->logits = data->probs = data->candidates = nullptr;
}

llama_sampler_i functions_with(void (*backend_apply)(llama_sampler *, ggml_context *, ggml_cgraph *,
                                                     llama_sampler_data *)) {
    llama_sampler_i functions{};
    functions.name = name_of;
    functions.apply = apply;
    functions.backend_init = backend_init;
    functions.backend_apply = backend_apply;
    return functions;
}

}  // namespace

llama_sampler * make_logits_tap(ggml_tensor ** logits) {
    static llama_sampler_i functions = functions_with(tap);
    return llama_sampler_init(&functions, logits);
}

llama_sampler * make_token_only() {
    static llama_sampler_i functions = functions_with(keep_token);
    return llama_sampler_init(&functions, nullptr);
}

}  // namespace banyan
