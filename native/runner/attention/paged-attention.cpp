#include "runner/attention/paged-attention.h"

#include <algorithm>
#include <cstring>

#include "ggml-cpu.h"
#include "ggml-cpu/ggml-cpu-impl.h"
#include "ggml.h"
#include "runner/attention/kernel.h"
#include "runner/cuda/ggml-hook.h"

// Work buffer: [parts, shared by all threads][scratch of thread 0][scratch of thread 1] ...

namespace banyan {

struct PagedAttention::Entry : ggml_cpu_paged_attn {
    const AttentionKernel * kernel = &attention_kernel();
    int32_t n_parts = 0;
    int32_t max_item_tokens = 1;
};

namespace {

constexpr size_t kAlign = 64;

CellType cell_type(ggml_type type) {
    switch (type) {
        case GGML_TYPE_F32:
            return CellType::f32;
        case GGML_TYPE_F16:
            return CellType::f16;
        case GGML_TYPE_BF16:
            return CellType::bf16;
        case GGML_TYPE_Q8_0:
            return CellType::q8_0;
        case GGML_TYPE_Q4_0:
            return CellType::q4_0;
        default:
            GGML_ABORT("paged attention: unsupported KV type %s", ggml_type_name(type));
    }
}

KvView view_of(const ggml_tensor * t) {
    return {static_cast<const char *>(t->data), t->nb[1], t->nb[2], cell_type(t->type)};
}

struct Shape {
    int32_t dk, dv, n_head, n_head_kv;
};

/** q: [DK, n_tokens, H], k: [DK, n_cells, Hkv], v: [DV, n_cells, Hkv], all permuted views. */
Shape shape_of(const ggml_tensor * op) {
    const ggml_tensor * q = op->src[0];
    const ggml_tensor * k = op->src[1];
    const ggml_tensor * v = op->src[2];
    return {static_cast<int32_t>(k->ne[0]), static_cast<int32_t>(v->ne[0]), static_cast<int32_t>(q->ne[2]),
            static_cast<int32_t>(k->ne[2])};
}

/** Bytes, so that every thread's scratch starts aligned. */
size_t scratch_bytes(const AttentionKernel & kernel, const Shape & s, int32_t max_item_tokens) {
    const int32_t rows = max_item_tokens * (s.n_head / s.n_head_kv);
    const size_t bytes = kernel.scratch_floats(s.dk, s.dv, s.n_head_kv, rows) * sizeof(float);
    return (bytes + kAlign - 1) / kAlign * kAlign;
}

float * align(void * data) {
    return reinterpret_cast<float *>((reinterpret_cast<uintptr_t>(data) + kAlign - 1) / kAlign * kAlign);
}

AttentionArgs args_of(const ggml_tensor * op, const Shape & shape) {
    const ggml_tensor * q = op->src[0];
    GGML_ASSERT(q->type == GGML_TYPE_F32 && q->nb[0] == sizeof(float) && q->ne[3] == 1 && op->src[1]->ne[3] == 1);
    GGML_ASSERT(ggml_is_contiguous(op));
    AttentionArgs args{};
    args.q = static_cast<const char *>(q->data);
    args.q_token_stride = q->nb[1];
    args.q_head_stride = q->nb[2];
    args.k = view_of(op->src[1]);
    args.v = view_of(op->src[2]);
    args.out = static_cast<float *>(op->data);
    args.sinks = op->src[4] ? static_cast<const float *>(op->src[4]->data) : nullptr;
    args.n_head = shape.n_head;
    args.n_head_kv = shape.n_head_kv;
    args.dk = shape.dk;
    args.dv = shape.dv;
    float params[3];  // as ggml_flash_attn_ext stores them
    std::memcpy(params, op->op_params, sizeof(params));
    args.scale = params[0];
    args.max_bias = params[1];
    args.softcap = params[2];
    args.descriptor = static_cast<const int32_t *>(op->src[3]->data);
    GGML_ASSERT(args.header().magic == kDescriptorMagic);
    return args;
}

/** Runs the units whose numbers ggml's chunk counter hands to this thread. */
void run_units(const AttentionArgs & args, const AttentionKernel & kernel, const ggml_compute_params * params,
               float * scratch) {
    const int32_t n_items = args.header().n_items;
    const WorkItem * items = args.items();
    const auto units_of = [&](const WorkItem & item) { return is_wide(item, args.gqa()) ? args.n_head_kv : 1; };
    int32_t item = 0;
    int32_t first = 0;  // number of the item's first unit
    for (int32_t unit = params->ith;; unit = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        while (item < n_items && unit >= first + units_of(items[item])) first += units_of(items[item++]);
        if (item == n_items) return;
        const bool wide = is_wide(items[item], args.gqa());
        const int32_t h0 = wide ? unit - first : 0;
        kernel.unit(args, items[item], h0, wide ? h0 + 1 : args.n_head_kv, scratch);
    }
}

}  // namespace

/** What ggml calls, through the descriptor tensor's extra pointer. */
struct PagedAttention::Op {
    static const Entry & entry_of(const ggml_tensor * op) {
        return *static_cast<const Entry *>(static_cast<const ggml_cpu_paged_attn *>(op->src[3]->extra));
    }

    static size_t parts_bytes(const Entry & entry, const Shape & s) {
        const size_t bytes = static_cast<size_t>(entry.n_parts) * s.n_head * (2 + s.dv) * sizeof(float);
        return (bytes + kAlign - 1) / kAlign * kAlign;
    }

    static size_t work_size(const ggml_tensor * op, int n_tasks) {
        const Entry & entry = entry_of(op);
        const Shape shape = shape_of(op);
        return kAlign + parts_bytes(entry, shape) +
               static_cast<size_t>(n_tasks) * scratch_bytes(*entry.kernel, shape, entry.max_item_tokens);
    }

    static void compute(const ggml_compute_params * params, ggml_tensor * op) {
        const Entry & entry = entry_of(op);
        const Shape shape = shape_of(op);
        AttentionArgs args = args_of(op, shape);
        args.parts = align(params->wdata);
        char * scratches = reinterpret_cast<char *>(args.parts) + parts_bytes(entry, shape);
        float * scratch = reinterpret_cast<float *>(
            scratches + params->ith * scratch_bytes(*entry.kernel, shape, entry.max_item_tokens));

        if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
        ggml_barrier(params->threadpool);
        run_units(args, *entry.kernel, params, scratch);
        if (entry.n_parts == 0) return;
        ggml_barrier(params->threadpool);
        const int64_t n = static_cast<int64_t>(args.header().n_tokens) * args.n_head;
        entry.kernel->merge(args, n * params->ith / params->nth, n * (params->ith + 1) / params->nth, scratch);
    }
};

PagedAttention::PagedAttention() : entry_(new Entry) {
    entry_->work_size = Op::work_size;
    entry_->compute = Op::compute;
    entry_->cuda = cuda_paged_attention();
}

PagedAttention::~PagedAttention() = default;

void PagedAttention::set_plan(const std::vector<int32_t> & descriptor) {
    const auto & header = *reinterpret_cast<const DescriptorHeader *>(descriptor.data());
    entry_->n_parts = header.n_parts;
    entry_->max_item_tokens = std::max(1, header.max_item_tokens);
}

void * PagedAttention::extra() const {
    return static_cast<ggml_cpu_paged_attn *>(entry_.get());
}

}  // namespace banyan
