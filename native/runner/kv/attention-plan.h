// Cuts the attention of one ubatch into work items over shared runs of pages: the descriptor's contents.
//
// The rows, sorted by page list, form a radix tree of page runs. Node x query block x KV split = one item, so pages
// that many rows share are read once for all of them (cascade attention). Pure: no llama.h, testable on its own.
//
// Owns: scratch memory only. Changed by: build. Thread: one.
// Invariant: every (query, key) pair with lo <= key < hi lies in exactly one item.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"
#include "runner/attention/descriptor.h"
#include "runner/kv/window.h"

namespace banyan {

/** Consecutive new tokens of one sequence; their KV is, or is about to be, in the pages. */
struct PlanRow {
    const PageId * pages;  // [n_pages], covers positions [0, first + n_tokens)
    int32_t n_pages;
    int32_t first;           // position of the first new token
    const int32_t * tokens;  // [n_tokens], rows of the ubatch in position order
    int32_t n_tokens;
    bool drafts = false;  // some of them are: each is to have the bits that it would have alone
};

struct PlanConfig {
    int32_t page_tokens = 32;
    int32_t gqa = 1;  // query heads per KV head (the largest over the layers)
    int32_t n_head_kv = 1;
    int32_t n_threads = 1;  // to cut enough items for
    Window window;
    // What suits the CPU kernel; device-plan.h has what suits a GPU.
    int32_t block_rows = 192;  // query rows (tokens x gqa) an item aims for: every item reads its keys anew
    int32_t narrow_rows = 8;   // up to here an item is one unit for all KV heads, above one unit a head
    int32_t few_tokens = 16;   // of one row with drafts, up to which its items are narrow
    int32_t min_shared = 64;   // tokens that rows must share for a node of their own to pay for the merge
    int32_t min_split = 256;   // keys a KV split keeps
    int32_t units_per_thread = 8;
    int32_t least_rows = 2;      // an item never costs less than one of this many rows: reading the pages is not free
    // A token's items depend on its position alone: few tokens each, nothing shared, keys cut at the same places.
    bool exact = false;
    bool nearest_split = false;  // the nearest number of splits, not the next: many units need no merge for balance
    int64_t (*max_parts)(int64_t n_tokens) = nullptr;  // bound on partial results, kept by cutting less; nullptr: none
};

class AttentionPlanner {
  public:
    explicit AttentionPlanner(const PlanConfig & config) : config_(config) {}

    /** The descriptor of these rows; valid until the next call. */
    const std::vector<int32_t> & build(const PlanRow * rows, int32_t n_rows);

    const std::vector<int32_t> & descriptor() const { return out_; }
    const DescriptorHeader & header() const { return *reinterpret_cast<const DescriptorHeader *>(out_.data()); }

    /** int32 values that hold the descriptor of any usual batch of n_tokens over a pool of n_pages. */
    static int64_t usual_size(int64_t n_tokens, int64_t n_pages);

  private:
    struct Span {
        int32_t row, lo, hi;  // index into the caller's rows; union of its tokens' intervals
        int32_t q0, q1;       // its tokens in plan order
        bool few;             // drafts, and narrow items
    };
    struct Node {
        int32_t p0, p1;  // pages [p0, p1) of every row of the node
        int32_t r0, r1;  // spans
        int32_t pages;   // offset of the page list in the descriptor
    };
    struct Cut {
        int32_t node, k0, k1, q0, q1, part;
        int64_t cost;
    };

    void cut(const PlanRow * rows, int32_t n_rows, int32_t n_threads, int32_t min_shared);
    bool within_max_parts() const;
    void order_rows(const PlanRow * rows, int32_t n_rows);
    void find_nodes(const PlanRow * rows, int32_t r0, int32_t r1, int32_t start, int32_t probe);
    void cut_nodes();
    void split_cuts();
    void number_parts();
    void write(const PlanRow * rows);

    int32_t pages_of(const Span & span) const { return (span.hi + config_.page_tokens - 1) / config_.page_tokens; }
    int64_t cost_of(const Cut & cut) const;

    PlanConfig config_;
    int32_t n_threads_ = 1, min_shared_ = 0;  // of the current cut
    std::vector<Span> spans_;
    std::vector<TokenSpan> tokens_;
    std::vector<Node> nodes_;
    std::vector<Cut> cuts_, split_;
    std::vector<int32_t> part_ptr_, part_idx_, cursor_;
    std::vector<int32_t> out_;
};

}  // namespace banyan
