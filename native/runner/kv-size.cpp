#include "runner/kv-size.h"

#include <algorithm>
#include <set>

#include "ggml-backend.h"
#include "ggml.h"
#include "llama-model.h"
#include "runner/arch/layers.h"
#include "runner/backend.h"
#include "runner/kv-type.h"
#include "runner/model.h"

namespace banyan {

int64_t kv_bytes_per_token(const Model & model, KvType type_k, KvType type_v) {
    const llama_hparams & hparams = model.handle()->hparams;
    int64_t bytes = 0;
    for (uint32_t layer = 0; layer < hparams.n_layer(); ++layer) {
        if (!keeps_kv(*model.handle(), layer)) continue;
        bytes += ggml_row_size(ggml_type_of(type_k), hparams.n_embd_k_gqa(layer));
        if (!hparams.is_mla()) bytes += ggml_row_size(ggml_type_of(type_v), hparams.n_embd_v_gqa(layer));
        if (keeps_index(*model.handle(), layer))
            bytes += ggml_row_size(ggml_type_of(type_k), hparams.indexer_head_size);
    }
    return bytes;
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

int64_t free_kv_memory(const Model & model) {
    std::set<ggml_backend_dev_t> devices;
    for (uint32_t layer = 0; layer < model.handle()->hparams.n_layer(); ++layer) {
        devices.insert(model.handle()->dev_layer(static_cast<int>(layer)));
    }
    int64_t bytes = 0;
    for (const ggml_backend_dev_t device : devices) {
        size_t free = backend::free_memory();
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
    const int64_t free = free_kv_memory(model);
    if (per_token == 0 || free == 0) return wanted;
    const int64_t states = state_bytes_per_slot(model) * options.max_running;
    return std::max<int64_t>(std::min(wanted, (free - states) / 4 / per_token), 2 * options.page_tokens);
}

}  // namespace banyan
