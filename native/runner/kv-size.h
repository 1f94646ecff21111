// How many tokens of KV to hold when the caller does not say.
#pragma once

#include <cstdint>

#include "runner/runner.h"

namespace banyan {

/** Bytes of K and V of one token over all layers that keep them. */
int64_t kv_bytes_per_token(const Model & model, KvType type_k, KvType type_v);

/** Bytes of the recurrent states of one slot over all layers that keep them; 0 for plain transformers. */
int64_t state_bytes_per_slot(const Model & model);

/** Bytes free where the model's layers lie: the host's, or their devices' together. 0: unknown. */
int64_t free_kv_memory(const Model & model);

/**
 * The default pool: max_running contexts of 4096 tokens (less where the model was trained on less), but at least one
 * whole training context up to 8192, and never more than a quarter of the memory that is free once the weights
 * and the recurrent states are in.
 */
int64_t default_kv_tokens(const Model & model, const RunnerOptions & options);

}  // namespace banyan
