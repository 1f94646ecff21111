// The I32 tensor that stands in for the KQ mask: who attends to what, where it lies, and how the work is cut.
//
// Written once per ubatch by the planner, read by every layer's attention kernel on any backend. All offsets count
// int32 values from the start of the tensor; all intervals are half-open.
//
//   [DescriptorHeader][TokenSpan x n_tokens][pages ...][WorkItem x n_items][part_ptr x n_tokens+1][part_idx x n_parts]
//
// The tokens are in plan order: tokens of one row stay together and in order, rows that share pages are neighbours.
#pragma once

#include <cstdint>

namespace banyan {

constexpr int32_t kDescriptorMagic = 0x50414745;

struct DescriptorHeader {
    int32_t magic;
    int32_t n_tokens;
    int32_t page_tokens;  // cells a page: cell = page * page_tokens + offset
    int32_t n_items;
    int32_t n_parts;          // partial results, one per (item, token) where the token has more than one item
    int32_t max_item_tokens;  // the widest item
    int32_t tokens;           // offset of TokenSpan[n_tokens]
    int32_t items;            // offset of WorkItem[n_items], most expensive first
    int32_t part_ptr;         // offset of int32[n_tokens + 1]: the parts of plan token i are
    int32_t part_idx;         //   part_idx[part_ptr[i] .. part_ptr[i + 1])
    int32_t used;             // int32 values in use
    int32_t reserved[5];
};

/** A query of the ubatch and the keys it sees: sequence positions [lo, hi). Its own position is hi - 1. */
struct TokenSpan {
    int32_t token;  // row of the query in the ubatch
    int32_t lo;
    int32_t hi;
};

/** Plan tokens [q0, q1) against the keys at positions [k0, k1) of one run of pages; TokenSpan still masks each pair. */
struct WorkItem {
    int32_t pages;   // offset of the run's page list
    int32_t k_base;  // position of the first cell of pages[0]
    int32_t k0, k1;
    int32_t q0, q1;
    int32_t part;  // first partial row, one per token of the item; -1: this item alone answers its tokens
};

static_assert(sizeof(DescriptorHeader) == 16 * 4 && sizeof(TokenSpan) == 3 * 4 && sizeof(WorkItem) == 7 * 4,
              "the descriptor is an array of int32");

}  // namespace banyan
