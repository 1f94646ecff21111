// Which layers of a model keep what: hybrids mix layers with KV and layers with a recurrent state.
#pragma once

#include <cstdint>

struct llama_model;

namespace banyan {

/** The layer keeps K and V of every token. In Falcon-H1 every layer does, and keeps a state too. */
bool keeps_kv(const llama_model & model, uint32_t layer);

/** The layer keeps a recurrent state for every slot. */
bool keeps_state(const llama_model & model, uint32_t layer);

/** The layer keeps the keys of a lightning indexer beside its K. */
bool keeps_index(const llama_model & model, uint32_t layer);

/** llama.cpp tells what goes into the layers: its graph of the architecture marks it, see Runner::tap. */
bool tells_layer_inputs(const llama_model & model);

/** An MTP layer of the architecture drafts here: llama.cpp has a graph of it that gives its hidden states of all tokens. */
bool drafts_with_mtp(const llama_model & model);

}  // namespace banyan
