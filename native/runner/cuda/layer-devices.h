// Where a model's layers run, as far as paged attention must know.
#pragma once

struct ggml_backend_device;
struct llama_model;

namespace banyan {

struct LayerDevices {
    bool kernels = true;  // every layer's device has a paged attention kernel for the layer's heads and this cache
    int processors = 0;   // multiprocessors of the largest CUDA device that holds a layer; 0: all layers on the CPU
};

/** k_type, v_type: ggml_type of the cache. */
LayerDevices layer_devices(const llama_model & model, int k_type, int v_type);

/** Number of a ggml device among the CUDA devices; -1: it is another backend's. */
int cuda_device_number(ggml_backend_device * device);

}  // namespace banyan
