// One attention op as the kernels take it: pointers of one device, strides in bytes, and the descriptor.
//
// Shapes: H query heads, Hkv KV heads, G = H / Hkv; DK and DV numbers a head.
#pragma once

#include <cmath>

#include "runner/attention/descriptor.h"
#include "runner/cuda/lane.h"

namespace banyan::cuda {

/** K or V of one layer, the whole pool: the numbers of (cell, head) start at data + cell * cell_stride + head *
 * head_stride. */
struct KvSide {
    const char * data;
    int64_t cell_stride;
    int64_t head_stride;
};

struct AttentionOp {
    const char * q;  // f32, token t of the ubatch and head h at q + t * q_token_stride + h * q_head_stride
    int64_t q_token_stride;
    int64_t q_head_stride;
    KvSide k, v;
    float * out;          // f32 [n_tokens][H][DV]
    float * part_sums;    // f32 [n_parts][H][2]: maximum (base 2) and sum
    float * part_out;     // f32 [n_parts][H][DV], not normalised
    const float * sinks;  // f32 [H]; nullptr: none
    const int32_t * descriptor;
    int32_t n_tokens;  // rows of q and out
    int32_t n_head, n_head_kv;
    int32_t max_parts;  // rows that part_sums and part_out have
    float scale;        // of q.k
    float softcap;      // 0: none
    float max_bias;     // 0: no ALiBi
    float alibi_m0, alibi_m1;
    int32_t alibi_heads;  // largest power of two <= H

    BANYAN_SHARED int32_t gqa() const { return n_head / n_head_kv; }
    BANYAN_SHARED const DescriptorHeader & header() const {
        return *reinterpret_cast<const DescriptorHeader *>(descriptor);
    }
    BANYAN_SHARED const TokenSpan * tokens() const {
        return reinterpret_cast<const TokenSpan *>(descriptor + header().tokens);
    }
    BANYAN_SHARED const WorkItem * items() const {
        return reinterpret_cast<const WorkItem *>(descriptor + header().items);
    }
};

/** What the cache holds; K and V alike. */
enum class KvType : uint8_t { f16, bf16, q8_0, q4_0 };

/** ALiBi's constants from max_bias and n_head, as ggml derives them. */
inline void set_alibi(AttentionOp & op) {
    op.alibi_heads = 1;
    while (op.alibi_heads * 2 <= op.n_head) op.alibi_heads *= 2;
    op.alibi_m0 = std::exp2(-op.max_bias / static_cast<float>(op.alibi_heads));
    op.alibi_m1 = std::exp2(-op.max_bias / 2.0f / static_cast<float>(op.alibi_heads));
}

constexpr float kLog2e = 1.4426950408889634f;  // logits are kept in base 2 inside the kernels

}  // namespace banyan::cuda
