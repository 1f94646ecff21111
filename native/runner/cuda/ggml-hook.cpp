#include "runner/cuda/ggml-hook.h"

#ifdef BANYAN_CUDA

#include <cmath>
#include <cstring>

#include "ggml-cuda.h"
#include "ggml.h"
#include "runner/cuda/paged-attention.h"

namespace banyan {

namespace {

bool kv_type(int type, cuda::KvType & out) {
    switch (type) {
        case GGML_TYPE_F16:
            out = cuda::KvType::f16;
            return true;
        case GGML_TYPE_BF16:
            out = cuda::KvType::bf16;
            return true;
        case GGML_TYPE_Q8_0:
            out = cuda::KvType::q8_0;
            return true;
        case GGML_TYPE_Q4_0:
            out = cuda::KvType::q4_0;
            return true;
        default:
            return false;
    }
}

/** V as the front of K's rows, as llama.cpp builds it for MLA; known from the views before memory is. */
bool values_in_keys(const ggml_tensor * k, const ggml_tensor * v) {
    if (v->ne[0] >= k->ne[0] || v->nb[1] != k->nb[1] || !v->view_src) return false;
    return v->view_src == k || (v->view_src == k->view_src && v->view_offs == k->view_offs);
}

bool shape_of(const ggml_tensor * op, cuda::AttentionShape & shape) {
    const ggml_tensor * k = op->src[1];
    const ggml_tensor * v = op->src[2];
    shape.dk = static_cast<int>(k->ne[0]);
    shape.dv = static_cast<int>(v->ne[0]);
    shape.values_in_keys = values_in_keys(k, v);
    return k->type == v->type && kv_type(k->type, shape.type);
}

bool supported(int device, const ggml_tensor * op) {
    const ggml_tensor * q = op->src[0];
    cuda::AttentionShape shape;
    return shape_of(op, shape) && q->type == GGML_TYPE_F32 && q->nb[0] == sizeof(float) && q->ne[3] == 1 &&
           q->ne[2] % op->src[1]->ne[2] == 0 && attention_supported(device, shape);
}

size_t scratch_size(const ggml_tensor * op) {
    return cuda::scratch_bytes(op->ne[2], op->ne[1], op->ne[0]);  // result: [DV, H, n_tokens]
}

cuda::KvSide side_of(const ggml_tensor * t) {
    return {static_cast<const char *>(t->data), static_cast<int64_t>(t->nb[1]), static_cast<int64_t>(t->nb[2])};
}

void compute(int device, void * stream, ggml_tensor * result, void * scratch) {
    const ggml_tensor * q = result->src[0];
    cuda::AttentionShape shape;
    GGML_ASSERT(shape_of(result, shape) && ggml_is_contiguous(result));
    cuda::AttentionOp op{};
    op.q = static_cast<const char *>(q->data);
    op.q_token_stride = static_cast<int64_t>(q->nb[1]);
    op.q_head_stride = static_cast<int64_t>(q->nb[2]);
    op.k = side_of(result->src[1]);
    op.v = side_of(result->src[2]);
    op.out = static_cast<float *>(result->data);
    op.sinks = result->src[4] ? static_cast<const float *>(result->src[4]->data) : nullptr;
    op.descriptor = static_cast<const int32_t *>(result->src[3]->data);
    op.n_tokens = static_cast<int32_t>(q->ne[1]);
    op.n_head = static_cast<int32_t>(q->ne[2]);
    op.n_head_kv = static_cast<int32_t>(result->src[1]->ne[2]);
    float params[3];  // as ggml_flash_attn_ext stores them
    std::memcpy(params, result->op_params, sizeof(params));
    op.scale = params[0];
    op.max_bias = params[1];
    op.softcap = params[2];
    cuda::set_alibi(op);
    cuda::set_scratch(op, scratch);
    const char * error = cuda::launch_paged_attention(device, stream, shape, op);
    if (error) GGML_ABORT("paged attention on CUDA device %d: %s", device, error);
}

}  // namespace

const ggml_cuda_paged_attn * cuda_paged_attention() {
    static const ggml_cuda_paged_attn hook = {supported, scratch_size, compute};
    return &hook;
}

int cuda_processors(int device) {
    return cuda::processor_count(device);
}

bool cuda_attention_supported(int device, int dk, int dv, int k_type, int v_type, bool in_keys) {
    cuda::AttentionShape shape{dk, dv, cuda::KvType::f16, in_keys};
    return k_type == v_type && kv_type(k_type, shape.type) && cuda::attention_supported(device, shape);
}

}  // namespace banyan

#else

namespace banyan {

const ggml_cuda_paged_attn * cuda_paged_attention() {
    return nullptr;
}
int cuda_processors(int) {
    return 0;
}
bool cuda_attention_supported(int, int, int, int, int, bool) {
    return false;
}

}  // namespace banyan

#endif
