// The benchmark's sequences: who shares what, and which pages they have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runner/kv/attention-plan.h"

namespace banyan::test {

/** The 8B shape (Llama 3.1, Qwen3): 36 layers of it are a step. */
struct ModelShape {
    int layers = 36, n_head = 32, n_head_kv = 8, head = 128;
    size_t cell_bytes() const { return static_cast<size_t>(n_head_kv) * head * 2; }  // of K or of V, in one layer
};

/** Sequences of the same length that share their first tokens; each computes its last n_new tokens. */
struct BatchCase {
    int rows, length, shared, n_new = 1;
};

constexpr int kPageTokens = 32;

/** Block tables over a pool; its pages in a scrambled order, or one sequence after the other. */
struct BatchTables {
    std::vector<std::vector<PageId>> pages;
    std::vector<std::vector<int32_t>> tokens;
    std::vector<PlanRow> rows;
    int n_pages = 0, n_tokens = 0;

    explicit BatchTables(const BatchCase & shape, bool scrambled = true) {
        const int shared_pages = shape.shared / kPageTokens;
        const int row_pages = (shape.length + kPageTokens - 1) / kPageTokens;
        n_pages = shared_pages + shape.rows * (row_pages - shared_pages);
        std::vector<PageId> order(n_pages);
        uint32_t state = 1;
        for (int i = 0; i < n_pages; ++i) order[i] = i;
        for (int i = n_pages - 1; scrambled && i > 0; --i) {
            state = state * 1664525u + 1013904223u;
            std::swap(order[i], order[state % static_cast<uint32_t>(i + 1)]);
        }
        int next = shared_pages;
        for (int r = 0; r < shape.rows; ++r) {
            pages.emplace_back(order.begin(), order.begin() + shared_pages);
            while (static_cast<int>(pages.back().size()) < row_pages) pages.back().push_back(order[next++]);
            tokens.emplace_back();
            for (int i = 0; i < shape.n_new; ++i) tokens.back().push_back(n_tokens++);
        }
        for (int r = 0; r < shape.rows; ++r) {
            rows.push_back({pages[r].data(), row_pages, shape.length - shape.n_new, tokens[r].data(), shape.n_new});
        }
    }
};

inline PlanConfig plan_config(const ModelShape & model) {
    PlanConfig config;
    config.page_tokens = kPageTokens;
    config.gqa = model.n_head / model.n_head_kv;
    config.n_head_kv = model.n_head_kv;
    return config;
}

}  // namespace banyan::test
