#include "runner/kv-size.h"

#include <algorithm>
#include <set>

#include "ggml-backend.h"
#include "ggml.h"
#include "llama-model.h"
#include "runner/arch/layers.h"
#include "runner/error.h"
#include "runner/free-memory.h"
#include "runner/kv-type.h"
#include "runner/model.h"

namespace banyan {

namespace {

constexpr int64_t kMaxSavedStates = 1 << 12;  // small ones: more checkpoints than any fleet comes back to

/** Bytes of K and V of one token. */
int64_t layer_bytes(const Model & model, uint32_t layer, KvType type_k, KvType type_v) {
    const llama_hparams & hparams = model.handle()->hparams;
    if (!keeps_kv(*model.handle(), layer)) return 0;
    int64_t bytes = ggml_row_size(ggml_type_of(type_k), hparams.n_embd_k_gqa(layer));
    if (!hparams.is_mla()) bytes += ggml_row_size(ggml_type_of(type_v), hparams.n_embd_v_gqa(layer));
    if (keeps_index(*model.handle(), layer)) bytes += ggml_row_size(ggml_type_of(type_k), hparams.indexer_head_size);
    return bytes;
}

}  // namespace

int64_t kv_bytes_per_token(const Model & model, KvType type_k, KvType type_v) {
    int64_t bytes = 0;
    for (uint32_t layer = 0; layer < model.handle()->hparams.n_layer(); ++layer) {
        bytes += layer_bytes(model, layer, type_k, type_v);
    }
    return bytes;
}

int64_t mtp_bytes_per_token(const Model & model, KvType type_k, KvType type_v) {
    const llama_hparams & hparams = model.handle()->hparams;
    int64_t bytes = 0;
    for (uint32_t layer = hparams.n_layer(); layer < hparams.n_layer_all; ++layer) {
        bytes += layer_bytes(model, layer, type_k, type_v);
    }
    return bytes;
}

WindowMemory window_memory(const Model & model, const RunnerOptions & options, int64_t pool_tokens) {
    const llama_hparams & hparams = model.handle()->hparams;
    if (hparams.swa_type == LLAMA_SWA_TYPE_NONE || model.info().paging.path == AttentionPath::stock) return {};
    int64_t bytes = 0;
    for (uint32_t layer = 0; layer < hparams.n_layer(); ++layer) {
        if (hparams.is_swa(layer)) bytes += layer_bytes(model, layer, options.type_k, options.type_v);
    }
    const int64_t in_windows = static_cast<int64_t>(options.max_running) * (hparams.n_swa + options.page_tokens);
    return {static_cast<int32_t>(hparams.n_swa), bytes * pool_tokens, bytes * std::min(pool_tokens, in_windows)};
}

int64_t state_bytes_per_slot(const Model & model) {
    const llama_hparams & hparams = model.handle()->hparams;
    int64_t floats = 0;
    for (uint32_t layer = 0; layer < hparams.n_layer(); ++layer) {
        if (!keeps_state(*model.handle(), layer)) continue;
        floats += hparams.n_embd_r() + hparams.n_embd_s();
        if (hparams.is_ple(layer)) floats += hparams.ple_conv_state();
    }
    return floats * static_cast<int64_t>(sizeof(float));
}

int32_t saved_state_count(const Model & model, const RunnerOptions & options) {
    const int64_t bytes = state_bytes_per_slot(model);
    if (!model.info().paging.states || bytes == 0) return 0;
    int64_t states = options.saved_state_bytes / bytes;
    if (options.saved_state_bytes == 0) {
        states = std::max<int64_t>(64, (int64_t{256} << 20) / bytes);
        const int64_t free = static_cast<int64_t>(free_memory());
        if (free > 0) states = std::min(states, free / 8 / bytes);
        states = std::max<int64_t>(states, options.max_running + 4);
    }
    return static_cast<int32_t>(std::min(states, kMaxSavedStates));
}

int64_t free_kv_memory(const Model & model) {
    std::set<ggml_backend_dev_t> devices;
    for (uint32_t layer = 0; layer < model.handle()->hparams.n_layer(); ++layer) {
        devices.insert(model.handle()->dev_layer(static_cast<int>(layer)));
    }
    int64_t bytes = 0;
    for (const ggml_backend_dev_t device : devices) {
        size_t free = free_memory();
        size_t total = 0;
        if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU) {
            ggml_backend_dev_memory(device, &free, &total);
        }
        bytes += static_cast<int64_t>(free);
    }
    return bytes;
}

int64_t default_kv_tokens(const Model & model, const RunnerOptions & options) {
    const int64_t trained = std::max(model.info().context_train, 1);
    const int64_t wanted =
        std::max<int64_t>(options.max_running * std::min<int64_t>(trained, 4096), std::min<int64_t>(trained, 8192));
    const int64_t per_token = kv_bytes_per_token(model, options.type_k, options.type_v);
    if (per_token == 0 && model.info().paging.states) return 1 << 20;
    const int64_t free = free_kv_memory(model);
    if (per_token == 0 || free == 0) return wanted;
    const int64_t states = state_bytes_per_slot(model) * (options.max_running + saved_state_count(model, options));
    return std::max<int64_t>(std::min(wanted, (free - states) / 4 / per_token), 2 * options.page_tokens);
}

namespace {

std::string mib(int64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace

int32_t kv_page_count(const Model & model, const RunnerOptions & options, int32_t n_states) {
    const int64_t tokens = options.kv_tokens > 0 ? options.kv_tokens : default_kv_tokens(model, options);
    const int64_t pages = (tokens + options.page_tokens - 1) / options.page_tokens;
    const int64_t bytes = pages * options.page_tokens * kv_bytes_per_token(model, options.type_k, options.type_v);
    const int64_t running = options.max_running * state_bytes_per_slot(model);
    const int64_t saved = n_states * state_bytes_per_slot(model);
    const int64_t free = free_kv_memory(model);
    if (free > 0 && running > free) {
        throw Error("OUT_OF_MEMORY",
                    "the recurrent states of " + std::to_string(options.max_running) + " requests need " +
                        mib(running) + ", " + mib(free) + " are free",
                    "maxRunning");
    }
    if (free > 0 && saved > free - running) {
        throw Error(
            "OUT_OF_MEMORY",
            std::to_string(n_states) + " saved states need " + mib(saved) + ", " + mib(free - running) + " are free",
            "stateBytes");
    }
    if (free > 0 && bytes > free - running - saved) {
        throw Error("OUT_OF_MEMORY",
                    "a KV pool of " + std::to_string(tokens) + " tokens needs " + mib(bytes) + ", " +
                        mib(free - running - saved) + " are free",
                    "kvTokens");
    }
    if (tokens > 1 << 30) throw Error("INVALID_OPTION", "kvTokens is larger than 2^30", "kvTokens");
    return static_cast<int32_t>(pages);
}

}  // namespace banyan
