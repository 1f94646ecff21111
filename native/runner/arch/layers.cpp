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

// grep graph_mtp in llama.cpp's src/models. Of MiMo 2 and Step 3.5 it gives hidden states of the outputs alone, and hybrids
// do not draft.
bool drafts_with_mtp(const llama_model & model) {
    switch (model.arch) {
        case LLM_ARCH_COHERE2MOE:
        case LLM_ARCH_DEEPSEEK2:
        case LLM_ARCH_GLM4_MOE:
        case LLM_ARCH_HY_V3:
            return true;
        default:
            return false;
    }
}

// grep t_layer_inp in llama.cpp's src/models; of those that are on pages and keep no recurrent state.
bool tells_layer_inputs(const llama_model & model) {
    switch (model.arch) {
        case LLM_ARCH_GEMMA4:
        case LLM_ARCH_HUNYUAN_VL:
        case LLM_ARCH_LLAMA:
        case LLM_ARCH_MINIMAX_M2:
        case LLM_ARCH_MUSE_GLIMMER:
        case LLM_ARCH_NANBEIGE:
        case LLM_ARCH_OPENAI_MOE:
        case LLM_ARCH_QWEN3:
        case LLM_ARCH_QWEN3MOE:
            return true;
        default:
            return false;
    }
}

}  // namespace banyan
