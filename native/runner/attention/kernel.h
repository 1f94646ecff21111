// The attention kernel as plain data in, plain data out: no ggml, one table entry per instruction set.
//
// Shapes: H query heads, Hkv KV heads, G = H / Hkv query heads per KV head; DK and DV floats a head. A unit of work is
// one WorkItem for all KV heads (narrow items) or for one of them (wide items).
#pragma once

#include <cstddef>
#include <cstdint>

#include "runner/attention/descriptor.h"

namespace banyan {

enum class CellType : uint8_t { f32, f16, bf16, q8_0, q4_0 };

/** One side of the pool as a layer sees it. Address of (cell, head): data + cell * cell_stride + head * head_stride. */
struct KvView {
    const char * data;
    size_t cell_stride;  // bytes
    size_t head_stride;  // bytes
    CellType type;
};

/** One attention op, the same for all its units. */
struct AttentionArgs {
    const char * q;         // f32 [H][n_tokens][DK] by strides
    size_t q_token_stride;  // bytes
    size_t q_head_stride;   // bytes
    KvView k, v;
    float * out;          // f32 [n_tokens][H][DV]
    float * parts;        // f32 [n_parts][H][2 + DV]: running maximum, sum, unnormalised output
    const float * sinks;  // f32 [H]; nullptr: none
    int32_t n_head, n_head_kv, dk, dv;
    float scale;     // of q.k
    float softcap;   // 0: none; else logits become softcap * tanh(logit / softcap)
    float max_bias;  // 0: none; else ALiBi
    const int32_t * descriptor;

    const DescriptorHeader & header() const { return *reinterpret_cast<const DescriptorHeader *>(descriptor); }
    const TokenSpan * tokens() const { return reinterpret_cast<const TokenSpan *>(descriptor + header().tokens); }
    const WorkItem * items() const { return reinterpret_cast<const WorkItem *>(descriptor + header().items); }
    int32_t gqa() const { return n_head / n_head_kv; }
};

constexpr int32_t kNarrowRows = 8;  // query rows (tokens x G) up to which a unit streams the cache for all heads

/** True if the item is one unit per KV head, false if it is one unit. */
inline bool is_wide(const WorkItem & item, int32_t gqa) {
    return (item.q1 - item.q0) * gqa > kNarrowRows;
}

struct AttentionKernel {
    const char * name;
    /** Floats of scratch a thread needs for units of up to max_rows query rows a head. */
    size_t (*scratch_floats)(int32_t dk, int32_t dv, int32_t n_head_kv, int32_t max_rows);
    /** Item for KV heads [h0, h1). scratch: 64-byte aligned. */
    void (*unit)(const AttentionArgs & args, const WorkItem & item, int32_t h0, int32_t h1, float * scratch);
    /** Merges the partial results of plan tokens for flat (token, head) indices [begin, end). */
    void (*merge)(const AttentionArgs & args, int64_t begin, int64_t end, float * scratch);
};

/** The best kernel this machine runs, or the one that BANYAN_ATTENTION names (portable, avx2, avx512, neon). */
const AttentionKernel & attention_kernel();

/** By name; nullptr when this build or machine lacks it. */
const AttentionKernel * find_attention_kernel(const char * name);

}  // namespace banyan
