#include "runner/kv/pager.h"

#include <algorithm>

#include "ggml-backend.h"
#include "ggml.h"
#include "llama-batch.h"
#include "runner/kv/dense-mask.h"

namespace banyan {

namespace {

constexpr uint32_t kDensePadding = 256;  // visible cells grow in these steps, so that graphs are reused in between

}  // namespace

Pager::Pager(std::shared_ptr<const BlockTables> tables, const PagerConfig & config)
    : tables_(std::move(tables)), config_(config), planner_(config.plan), n_kv_(static_cast<uint32_t>(config.n_cells)) {
    clear();
}

void Pager::clear() {
    lengths_.assign(tables_->slots.size(), 0);
    drafted_.assign(tables_->slots.size(), false);
}

bool Pager::seq_rm(llama_seq_id slot, llama_pos p0, llama_pos p1) {
    if (slot < 0) {
        clear();
        return true;
    }
    if (slot >= static_cast<llama_seq_id>(lengths_.size())) return true;  // never bound: empty
    if (p1 >= 0 && p1 < lengths_[slot]) return false;                     // a hole cannot be represented
    lengths_[slot] = std::min(lengths_[slot], std::max(0, p0));
    return true;
}

bool Pager::place(const std::vector<llama_ubatch> & ubatches, std::vector<std::vector<uint32_t>> & cells) {
    counts_ = lengths_;
    for (const llama_ubatch & ubatch : ubatches) {
        std::vector<uint32_t> placed(ubatch.n_tokens);
        for (uint32_t i = 0; i < ubatch.n_tokens; ++i) {
            const llama_seq_id slot = ubatch.seq_id[i][0];
            if (ubatch.n_seq_id[i] != 1 || slot >= static_cast<llama_seq_id>(lengths_.size())) return false;
            const int32_t position = counts_[slot]++;
            const int64_t cell = tables_->cell(slot, position);
            if (cell < 0 || cell >= config_.n_cells || ubatch.pos[i] != position) return false;
            placed[i] = static_cast<uint32_t>(cell);
        }
        cells.push_back(std::move(placed));
    }
    return true;
}

void Pager::apply(const llama_ubatch & ubatch) {
    group_rows(ubatch);
    if (config_.paged) {
        attention_.set_plan(planner_.build(rows_.data(), static_cast<int32_t>(rows_.size())));
    } else {
        n_kv_ = visible_cells();
    }
}

// Advances the lengths by the ubatch's tokens and collects them by slot, in the order of first appearance.
void Pager::group_rows(const llama_ubatch & ubatch) {
    rows_.clear();
    row_tokens_.resize(ubatch.n_tokens);
    counts_.assign(lengths_.size(), 0);
    starts_.assign(lengths_.size(), -1);
    for (uint32_t i = 0; i < ubatch.n_tokens; ++i) ++counts_[ubatch.seq_id[i][0]];
    int32_t used = 0;
    for (uint32_t i = 0; i < ubatch.n_tokens; ++i) {
        const SlotId slot = ubatch.seq_id[i][0];
        if (starts_[slot] < 0) {
            starts_[slot] = used;
            used += counts_[slot];
            const std::vector<PageId> & pages = tables_->slots[slot];
            rows_.push_back({pages.data(), static_cast<int32_t>(pages.size()), lengths_[slot],
                             row_tokens_.data() + starts_[slot], counts_[slot], drafted_[slot]});
            lengths_[slot] += counts_[slot];
        }
        row_tokens_[starts_[slot]++] = static_cast<int32_t>(i);
    }
}

// Dense masks cover the cells up to the last page that a row of this ubatch uses.
uint32_t Pager::visible_cells() const {
    PageId last = 0;
    for (const PlanRow & row : rows_) last = std::max(last, *std::max_element(row.pages, row.pages + row.n_pages));
    const uint32_t cells = static_cast<uint32_t>(last + 1) * static_cast<uint32_t>(tables_->page_tokens);
    return std::min(static_cast<uint32_t>(config_.n_cells),
                    (cells + kDensePadding - 1) / kDensePadding * kDensePadding);
}

// A power of two that any usual plan of this many tokens fits, so that the graph's shape stays; larger plans grow it.
int64_t Pager::descriptor_capacity(const llama_ubatch & ubatch) const {
    const int64_t planned = static_cast<int64_t>(planner_.descriptor().size());
    const int64_t size = std::max(planned, AttentionPlanner::usual_size(ubatch.n_tokens, tables_->n_pages));
    int64_t capacity = 1024;
    while (capacity < size) capacity *= 2;
    return capacity;
}

ggml_tensor * Pager::build_input(ggml_context * ctx, const llama_ubatch & ubatch, uint32_t n_kv, bool flash_attn) {
    ggml_tensor * input;
    if (config_.paged) {
        GGML_ASSERT(flash_attn);
        input = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, descriptor_capacity(ubatch));
        input->extra = attention_.extra();
    } else {
        input = ggml_new_tensor_2d(ctx, flash_attn ? GGML_TYPE_F16 : GGML_TYPE_F32, n_kv, ubatch.n_tokens);
    }
    ggml_set_input(input);
    ggml_set_name(input, "attn_inp_paged");
    return input;
}

bool Pager::can_reuse_input(const ggml_tensor * input, const llama_ubatch & ubatch, uint32_t n_kv) const {
    // Larger than need be is fine: what is behind the plan is never read.
    if (input->type == GGML_TYPE_I32) return input->ne[0] >= static_cast<int64_t>(planner_.descriptor().size());
    return input->ne[0] == n_kv && input->ne[1] == ubatch.n_tokens;
}

void Pager::set_input(ggml_tensor * input, const llama_ubatch & /*ubatch*/, bool causal_attn) {
    GGML_ASSERT(causal_attn);
    if (input->type == GGML_TYPE_I32) {
        const std::vector<int32_t> & descriptor = planner_.descriptor();
        ggml_backend_tensor_set(input, descriptor.data(), 0, descriptor.size() * sizeof(int32_t));
    } else {
        fill_dense_mask(input, rows_, *tables_, config_.plan.window, config_.alibi);
    }
}

}  // namespace banyan
