#include "runner/arch/layers.h"

#include "llama-model.h"

namespace banyan {

// As llama_model::create_memory tells the layers apart; a test compares with what it makes, for every architecture.

namespace {

/** A layer of a hybrid that is neither: Nemotron-H has them for its feed-forward networks alone. */
bool only_feeds_forward(const llama_model & model, uint32_t layer) {
    const bool nemotron = model.arch == LLM_ARCH_NEMOTRON_H || model.arch == LLM_ARCH_NEMOTRON_H_MOE;
    return nemotron && model.hparams.n_ff(layer) != 0;
}

}  // namespace

bool keeps_kv(const llama_model & model, uint32_t layer) {
    if (!model.hparams.has_kv(layer) || only_feeds_forward(model, layer)) return false;
    return model.arch == LLM_ARCH_FALCON_H1 || !model.hparams.is_recr(layer);
}

bool keeps_state(const llama_model & model, uint32_t layer) {
    if (only_feeds_forward(model, layer)) return false;
    return model.arch == LLM_ARCH_FALCON_H1 || model.hparams.is_recr(layer);
}

bool keeps_index(const llama_model & model, uint32_t layer) {
    switch (model.arch) {
        case LLM_ARCH_DEEPSEEK32:
            return true;
        case LLM_ARCH_GLM_DSA:
        case LLM_ARCH_HY_V4:
        case LLM_ARCH_DOTS3NOTE:
            return model.hparams.indexer_top_k > 0 && model.hparams.is_indexer_full(layer);
        default:
            return false;
    }
}

}  // namespace banyan
