#include "runner/cuda/no-device.h"

#ifdef BANYAN_CUDA

#include <cuda_runtime_api.h>

namespace banyan {

namespace {

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

std::string no_cuda_device() {
    int devices = 0, driver = 0;
    const cudaError_t error = cudaGetDeviceCount(&devices);
    if (error == cudaSuccess && devices > 0) return "";
    // Without libcuda.so the runtime says "driver version is insufficient" too.
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) return "no NVIDIA driver is installed";
    if (error == cudaErrorInsufficientDriver) {
        return "the NVIDIA driver is for CUDA " + version_text(driver) + ", this build needs " +
               version_text(CUDART_VERSION);
    }
    return error == cudaSuccess ? "no CUDA device is visible" : cudaGetErrorString(error);
}

}  // namespace banyan

#else

namespace banyan {

std::string no_cuda_device() {
    return "";
}

}  // namespace banyan

#endif
