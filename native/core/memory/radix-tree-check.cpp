// Is the tree what it says? Recounts every size and looks at every page, lock and key.
#include <algorithm>

#include "core/memory/radix-tree.h"

namespace banyan {

std::string RadixTree::check_integrity() const {
    const int32_t size = pool_->page_tokens();
    int32_t n_nodes = 0;
    int64_t n_tokens = 0;
    size_t leaves = 0, states = 0;
    std::string wrong;
    visit([&](Salt salt, const RadixNode & node) {
        const auto expect = [&](bool holds, const char * what) {
            if (!holds && wrong.empty()) wrong = "radix node " + std::to_string(node.id) + ": " + what;
        };
        ++n_nodes;
        n_tokens += static_cast<int64_t>(node.tokens.size());
        leaves += node.children.empty();
        expect(!node.tokens.empty(), "empty edge");
        expect(node.salt == salt, "under another salt");
        expect(node.begin == node.parent->end(), "does not begin where its parent ends");
        expect(node.stamp <= node.parent->stamp || node.parent->is_root(), "used later than its parent");
        expect(node.indexed == node.children.empty(), "leaf outside the eviction order, or inner node in it");
        if (node.indexed) {
            const EvictionKey key = order_.key(node);
            expect(!(key < node.key) && !(node.key < key), "filed under a stale eviction key");
        }
        if (node.state) {
            ++states;
            const EvictionKey key = states_.key(node);
            expect(node.state->indexed && !(key < node.state->key) && !(node.state->key < key),
                   "its state is filed under a stale key");
            expect(node.state->pool.refs(node.state->id) > 0, "state without a reference");
        }
        const int32_t n_pages = pages_for(node.end(), size) - node.begin / size;
        expect(static_cast<int32_t>(node.pages.size()) == n_pages, "pages do not fit tokens");
        for (size_t i = 0; i < node.pages.size(); ++i) {
            const int32_t page_begin = (node.begin / size + static_cast<int32_t>(i)) * size;
            expect(pool_->refs(node.pages[i], Holder::tree) > 0, "page without a reference");
            expect(pool_->filled(node.pages[i]) >= std::min(size, node.end() - page_begin), "tokens past a write mark");
        }
        const auto serves = [&](const auto & below) { return below.second->pages.front() == node.pages.back(); };
        expect(node.end() % size == 0 || node.children.empty() ||
                   std::any_of(node.children.begin(), node.children.end(), serves),
               "keeps a page that none of its children uses");
        for (const PathLock * lock : node.locks) expect(lock->node == &node && lock->salt == salt, "foreign lock");
        for (const auto & [first, below] : node.children) {
            expect(below->parent == &node && below->tokens.front() == first, "child under a wrong token");
        }
    });
    if (!wrong.empty()) return wrong;
    if (n_nodes != n_nodes_) return "radix tree: nodes miscounted";
    if (n_tokens != n_tokens_) return "radix tree: tokens miscounted";
    if (states != states_.size()) return "radix tree: order of states holds something else than the states";
    if (leaves != order_.size()) return "radix tree: eviction order holds something else than the leaves";
    return "";
}

}  // namespace banyan
