// How many tokens of KV, and how many states, to hold when the caller does not say.
#pragma once

#include <cstdint>

#include "runner/runner.h"

namespace banyan {

/** Bytes of K and V of one token over all layers that keep them. */
int64_t kv_bytes_per_token(const Model & model, KvType type_k, KvType type_v);
/** The same of its MTP layers, which draft for it. */
int64_t mtp_bytes_per_token(const Model & model, KvType type_k, KvType type_v);

/**
 * What layers with a sliding window hold, and what they need. Their pages stay as long as those of full layers, so that
 * a prefix can be reused at any of its tokens.
 */
struct WindowMemory {
    int32_t tokens = 0;  // the window; 0: the model has none
    int64_t held = 0;    // bytes of such layers in a pool
    int64_t needed = 0;  // of them, bytes in the windows of max_running requests: all that running them needs
};
WindowMemory window_memory(const Model & model, const RunnerOptions & options, int64_t pool_tokens);

/** Bytes of the recurrent states of one slot over all layers that keep them; 0 for plain transformers. */
int64_t state_bytes_per_slot(const Model & model);

/**
 * Saved states beside those of the slots, in host memory: as many as fit into options.saved_state_bytes. By default 64,
 * or as many as fit into 256 MiB where that is more; at most an eighth of the free memory, but a few more than slots.
 * 0: the architecture saves none.
 */
int32_t saved_state_count(const Model & model, const RunnerOptions & options);

/** Bytes free where the model's layers lie: the host's, or their devices' together. 0: unknown. */
int64_t free_kv_memory(const Model & model);

/**
 * The default pool: max_running contexts of 4096 tokens (less where the model was trained on less), but at least one
 * whole training context up to 8192, and never more than a quarter of the memory that is free once the weights
 * and the recurrent states are in. 2^20 where a token takes no bytes: pages are then only the names of what was read.
 */
int64_t default_kv_tokens(const Model & model, const RunnerOptions & options);

/**
 * Pages of the pool, beside the states of max_running slots and n_states saved ones. Throws OUT_OF_MEMORY when any of
 * them does not fit into the free memory (Linux would grant it and kill the process at the first touch),
 * INVALID_OPTION.
 */
int32_t kv_page_count(const Model & model, const RunnerOptions & options, int32_t n_states);

}  // namespace banyan
