#include "runner/cuda/layer-devices.h"

#include <algorithm>
#include <cstring>

#include "ggml-backend.h"
#include "llama-model.h"
#include "runner/arch/layers.h"
#include "runner/cuda/ggml-hook.h"

namespace banyan {

int cuda_device_number(ggml_backend_device * device) {
    const ggml_backend_reg_t backend = ggml_backend_dev_backend_reg(device);
    if (std::strcmp(ggml_backend_reg_name(backend), "CUDA") != 0) return -1;
    for (size_t i = 0; i < ggml_backend_reg_dev_count(backend); ++i) {
        if (ggml_backend_reg_dev_get(backend, i) == device) return static_cast<int>(i);
    }
    return -1;
}

LayerDevices layer_devices(const llama_model & model, int k_type, int v_type) {
    const llama_hparams & hparams = model.hparams;
    LayerDevices result;
    for (uint32_t layer = 0; layer < hparams.n_layer_all; ++layer) {
        if (!keeps_kv(model, layer) || hparams.n_head_kv(layer) == 0) continue;
        ggml_backend_dev_t device = model.dev_layer(static_cast<int>(layer));
        if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) continue;
        const int number = cuda_device_number(device);
        const int dk = static_cast<int>(hparams.n_embd_head_k(layer));
        const int dv = static_cast<int>(hparams.n_embd_head_v(layer));
        if (number < 0 || !cuda_attention_supported(number, dk, dv, k_type, v_type, hparams.is_mla())) {
            result.kernels = false;
        } else {
            result.processors = std::max(result.processors, cuda_processors(number));
        }
    }
    return result;
}

}  // namespace banyan
