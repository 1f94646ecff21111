#include "runner/cuda/tensor-device.h"

#include "ggml-backend.h"
#include "ggml.h"
#include "runner/cuda/layer-devices.h"

namespace banyan {

int cuda_device_of(const ggml_tensor & tensor) {
    ggml_backend_dev_t device = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(tensor.buffer));
    return device ? cuda_device_number(device) : -1;
}

}  // namespace banyan
