// The pager of one llama_kv_cache: answers llama.cpp's questions about cells from the block tables.
//
// Owns: the length of each slot's sequence in this cache, the attention plan, the kernel entry of its descriptor.
// Changed by: bind, apply, seq_rm, clear. Thread: the engine thread; the kernel's threads read the plan.
// Invariant: position == index in the sequence (text), and length(slot) counts the tokens whose KV is in the pages.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "llama-kv-pager.h"
#include "runner/attention/paged-attention.h"
#include "runner/kv/attention-plan.h"
#include "runner/kv/block-tables.h"

namespace banyan {

struct PagerConfig {
    PlanConfig plan;
    int32_t n_cells = 0;  // cells of the cache, at least the pool's
    bool paged = true;    // false: dense masks
    bool alibi = false;   // the model's masks carry distances
};

class Pager final : public llama_kv_pager_i {
  public:
    Pager(std::shared_ptr<const BlockTables> tables, const PagerConfig & config);

    /** The slot's sequence now has `length` tokens with KV; its pages are in the tables. `drafts`: in its next tokens.
     */
    void bind(SlotId slot, int32_t length, bool drafts) {
        lengths_[slot] = length;
        drafted_[slot] = drafts;
    }

    bool place(const std::vector<llama_ubatch> & ubatches, std::vector<std::vector<uint32_t>> & cells) override;
    void apply(const llama_ubatch & ubatch) override;
    void clear() override;
    bool seq_rm(llama_seq_id slot, llama_pos p0, llama_pos p1) override;
    llama_pos seq_pos_min(llama_seq_id slot) const override { return lengths_[slot] > 0 ? 0 : -1; }
    llama_pos seq_pos_max(llama_seq_id slot) const override { return lengths_[slot] - 1; }
    uint32_t n_kv() const override { return n_kv_; }
    ggml_tensor * build_input(ggml_context * ctx, const llama_ubatch & ubatch, uint32_t n_kv, bool flash_attn) override;
    bool can_reuse_input(const ggml_tensor * input, const llama_ubatch & ubatch, uint32_t n_kv) const override;
    void set_input(ggml_tensor * input, const llama_ubatch & ubatch, bool causal_attn) override;

  private:
    void group_rows(const llama_ubatch & ubatch);
    int64_t descriptor_capacity(const llama_ubatch & ubatch) const;
    uint32_t visible_cells() const;

    std::shared_ptr<const BlockTables> tables_;
    PagerConfig config_;
    std::vector<int32_t> lengths_;          // [n_slots]
    std::vector<bool> drafted_;             // [n_slots] of the next decode
    std::vector<PlanRow> rows_;             // the ubatch's rows, after apply
    std::vector<int32_t> row_tokens_;       // [n_tokens], grouped by row
    std::vector<int32_t> counts_, starts_;  // [n_slots] scratch
    AttentionPlanner planner_;
    PagedAttention attention_;
    uint32_t n_kv_;
};

}  // namespace banyan
