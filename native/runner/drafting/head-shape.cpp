#include "runner/drafting/head-shape.h"

#include <algorithm>
#include <string>

#include "ggml-backend.h"
#include "llama-model.h"
#include "runner/arch/layers.h"
#include "runner/error.h"
#include "runner/model.h"
#include "runner/runner.h"

namespace banyan {

namespace {

std::string number(int64_t n) {
    return std::to_string(n);
}

[[noreturn]] void made_for_another(const Model & head, const Model & model, const std::string & difference) {
    throw Error("INVALID_OPTION", head.info().path + " was made for another model than " + model.info().path + ": " +
                                      difference + ". Pass a head that was trained for this model");
}

[[noreturn]] void broken(const Model & head, const std::string & why) {
    throw Error("MODEL_INVALID", head.info().path + ": " + why);
}

/** The tokens of the model that the head's own, fewer ones are. The graph writes logits by them, unchecked. */
void check_token_map(const Model & head) {
    const ggml_tensor * const map = head.handle()->d2t;
    if (!map) return;
    if (map->type != GGML_TYPE_I64) broken(head, "d2t is not of 64-bit integers");
    std::vector<int64_t> tokens(static_cast<size_t>(ggml_nelements(map)));
    ggml_backend_tensor_get(map, tokens.data(), 0, ggml_nbytes(map));
    const auto is_none = [&](int64_t token) { return token < 0 || token >= head.info().vocab_size; };
    if (std::any_of(tokens.begin(), tokens.end(), is_none)) broken(head, "d2t names tokens that there are not");
}

/** It has rows for all tokens, as wide as the head. */
void check_embeddings(const Model & head, const Model & model) {
    const ggml_tensor * const own = head.handle()->tok_embd;
    const ggml_tensor * const used = own ? own : model.handle()->tok_embd;
    if (used && used->ne[0] == head.handle()->hparams.n_embd && used->ne[1] >= head.info().vocab_size) return;
    if (own) broken(head, "its token embeddings are too few");
    made_for_another(head, model, "it has no token embeddings of its own, and its hidden size is " +
                                      number(head.handle()->hparams.n_embd));
}

/** It gives a logit for each of the head's tokens. */
void check_output(const Model & head, const Model & model) {
    const ggml_tensor * const own = head.handle()->output;
    const ggml_tensor * const used = own ? own : model.handle()->output;
    const ggml_tensor * const map = head.handle()->d2t;
    const int64_t n_tokens = map ? map->ne[0] : head.info().vocab_size;
    if (used && used->ne[0] == head.handle()->hparams.n_embd && used->ne[1] == n_tokens) return;
    if (own) broken(head, "its output layer has " + number(used->ne[1]) + " tokens instead of " + number(n_tokens));
    made_for_another(head, model, "it has no output layer of its own, and the model's does not fit it");
}

}  // namespace

HeadShape eagle_shape(const Model & head, const Model & model) {
    const llama_hparams & hparams = model.handle()->hparams;
    HeadShape shape;
    shape.layers = head.handle()->target_layer_ids;
    shape.width = static_cast<int32_t>(head.handle()->hparams.n_embd_inp_enc());
    shape.inner = static_cast<int32_t>(head.handle()->hparams.n_embd);
    shape.shift = 1;
    if (!tells_layer_inputs(*model.handle())) {
        throw Error("MODEL_UNSUPPORTED",
                    "an EAGLE-3 head cannot draft for " + model.info().architecture +
                        ": llama.cpp does not tell what goes into the layers of this architecture. Leave it out, or "
                        "pass a smaller model of the same family");
    }
    const auto n_layers = static_cast<int32_t>(hparams.n_layer()), n_embd = static_cast<int32_t>(hparams.n_embd);
    const auto n_read = static_cast<int32_t>(shape.layers.size());
    if (shape.width != n_read * n_embd) {
        made_for_another(head, model, "a hidden size of " + number(shape.width / std::max(1, n_read)) +
                                          " instead of " + number(n_embd));
    }
    for (const int32_t layer : shape.layers) {
        if (layer >= 0 && layer < n_layers) continue;
        made_for_another(head, model, "it reads what goes into layer " + number(layer) + " of " + number(n_layers));
    }
    if (head.info().vocab_size != model.info().vocab_size) {
        made_for_another(head, model,
                         number(head.info().vocab_size) + " tokens instead of " + number(model.info().vocab_size));
    }
    check_token_map(head);
    check_embeddings(head, model);
    check_output(head, model);
    return shape;
}

HeadShape mtp_shape(const Model & model) {
    const llama_hparams & hparams = model.handle()->hparams;
    const bool has_any = hparams.n_layer_nextn > 0 && hparams.n_layer() > 0 && hparams.router_layer < 0 &&
                         model.handle()->layers[hparams.n_layer()].nextn.eh_proj != nullptr;
    if (!has_any) {
        throw Error("INVALID_OPTION", model.info().path + " has no MTP layers. Pass a smaller model of the same family, "
                                                          "an EAGLE-3 head, or a file of the model that has them");
    }
    if (!drafts_with_mtp(*model.handle()) || hparams.n_layer_nextn > 1 || hparams.n_embd_out() != hparams.n_embd) {
        const bool several = hparams.n_layer_nextn > 1;
        throw Error("MODEL_UNSUPPORTED", "the MTP layers of " + model.info().architecture + " cannot draft here: " +
                                             (several ? "there are several, one for each token"
                                                      : "llama.cpp does not compute them as is needed"));
    }
    const auto n_embd = static_cast<int32_t>(hparams.n_embd);
    return {true, {Runner::kMtpInput}, n_embd, n_embd, 0};
}

}  // namespace banyan
