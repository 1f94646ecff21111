#include "runner/matrix/packed-weights.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "ggml-backend-impl.h"
#include "ggml-cpu.h"
#include "ggml-cpu/traits.h"
#include "llama-model.h"
#include "runner/free-memory.h"
#include "runner/huge-pages.h"
#include "runner/matrix/panels.h"
#include "runner/matrix/product.h"

namespace banyan {

namespace {

/** What ggml asks about operations on such weights. */
class PackedWeights final : public ggml::cpu::extra_buffer_type {
  public:
    explicit PackedWeights(const MatrixKernel & kernel) : product_(kernel) {}

    bool supports_op(ggml_backend_dev_t, const ggml_tensor * op) override { return product_.takes(op); }

    ggml::cpu::tensor_traits * get_tensor_traits(const ggml_tensor * op) override {
        const ggml_tensor * weights = op->src[0];
        const bool product = op->op == GGML_OP_MUL_MAT || op->op == GGML_OP_MUL_MAT_ID;
        const bool ours = product && weights->buffer && weights->buffer->buft->context == this;
        return ours ? &product_ : nullptr;
    }

  private:
    MatrixProduct product_;
};

const char * name(ggml_backend_buffer_type_t) {
    return "CPU_BANYAN";
}

size_t alignment(ggml_backend_buffer_type_t) {
    return 64;
}

size_t alloc_size(ggml_backend_buffer_type_t, const ggml_tensor * tensor) {
    const std::optional<PanelType> type = panel_type(tensor);
    if (!type) return ggml_nbytes(tensor);
    return static_cast<size_t>(ggml_nrows(tensor) / kPanelColumns) * panel_bytes(*type, tensor->ne[0]);
}

void set_tensor(ggml_backend_buffer_t, ggml_tensor * tensor, const void * data, size_t offset, size_t size) {
    GGML_ASSERT(offset == 0 && size == ggml_nbytes(tensor));
    pack_panels(*panel_type(tensor), data, ggml_nrows(tensor), tensor->ne[0], static_cast<uint8_t *>(tensor->data));
}

ggml_backend_buffer_t alloc_buffer(ggml_backend_buffer_type_t type, size_t size) {
    const uint64_t free = free_memory();
    if (free > 0 && size > free) return nullptr;  // the system would give it, and then end the process
    ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
    if (!buffer) return nullptr;
    buffer->buft = type;
    buffer->iface.set_tensor = set_tensor;
    buffer->iface.get_tensor = nullptr;  // what was packed is not unpacked
    buffer->iface.cpy_tensor = nullptr;
    return buffer;
}

}  // namespace

ggml_backend_buffer_type_t packed_weights(const MatrixKernel & kernel) {
    static std::mutex mutex;
    static std::map<const MatrixKernel *, ggml_backend_buffer_type> types;  // they live as long as the process
    const std::lock_guard<std::mutex> lock(mutex);
    const auto [at, fresh] = types.try_emplace(&kernel);
    if (fresh) {
        const ggml_backend_buffer_type_i calls = {name, alloc_buffer, alignment, nullptr, alloc_size, nullptr};
        at->second = {calls, ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0),
                      static_cast<ggml::cpu::extra_buffer_type *>(new PackedWeights(kernel))};
    }
    return &at->second;
}

void install_packed_weights() {
    std::vector<ggml_backend_buffer_type_t> & types = ggml_backend_cpu_get_extra_buffer_types();
    if (const MatrixKernel * kernel = matrix_kernel()) {
        const auto repacked = [](ggml_backend_buffer_type_t type) {
            return std::strcmp(ggml_backend_buft_name(type), "CPU_REPACK") == 0;
        };
        types.insert(std::find_if(types.begin(), types.end(), repacked), packed_weights(*kernel));
    }
    for (const ggml_backend_buffer_type_t type : types) ask_for_huge_pages(type);
}

bool has_other_orders(const llama_model & model) {
    const auto other = [](const std::pair<std::string, ggml_tensor *> & named) {
        const ggml_backend_buffer_t buffer = named.second->buffer;
        return buffer && !ggml_backend_buffer_is_host(buffer) && buffer->iface.set_tensor != set_tensor;
    };
    return std::any_of(model.tensors_by_name.begin(), model.tensors_by_name.end(), other);
}

}  // namespace banyan
