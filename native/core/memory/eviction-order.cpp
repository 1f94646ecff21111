#include "core/memory/eviction-order.h"

#include <algorithm>

namespace banyan {

NodeKind EvictionOrder::kind(const RadixNode & node) {
    NodeKind kind = node.base;
    for (const PathLock * lock : node.locks) {
        if (lock->holder == Holder::tree) kind = std::max(kind, lock->keep);
    }
    return kind;
}

EvictionKey EvictionOrder::key(const RadixNode & node) const {
    EvictionKey key;
    int32_t steps = INT32_MAX;
    for (const PathLock * lock : node.locks) {
        if (lock->holder != Holder::tree) {
            key.rank = std::max(key.rank, lock->holder == Holder::pin ? 2 : 1);
        } else if (lock->keep == NodeKind::next) {
            steps = std::min(steps, lock->steps);
        }
    }
    if (mode_ == Eviction::typed) {
        key.kind = leaf_kind(node);
        if (key.kind == NodeKind::next) key.soon = -steps;
        key.costly = page_tokens_ > 0 && is_costly(key.kind, node);
        key.worth = node.worth;
    }
    key.stamp = node.stamp;
    key.id = node.id;
    return key;
}

void EvictionOrder::touch_path(RadixNode & node) const {
    for (RadixNode * last = &node; !last->is_root();) {
        RadixNode * first = last;
        size_t n_pages = first->pages.size();
        const auto is_cut = [&] {
            return needs_states_ && first->parent->state && first->parent->children.size() == 1;
        };
        while (is_cut()) {
            first = first->parent;
            n_pages += first->pages.size();
        }
        int64_t worth = inflation_;
        if (cost_ && n_pages > 0) {
            worth += cost_->prefill(last->end() - first->begin, first->begin) / static_cast<int64_t>(n_pages);
        }
        for (RadixNode * const before = first->parent; last != before; last = last->parent) last->worth = worth;
    }
}

bool EvictionOrder::is_costly(NodeKind kind, const RadixNode & node) const {
    if (kind < NodeKind::idle || kind == NodeKind::fixed) return kind == NodeKind::fixed;
    const int32_t n_full = node.end() - node.end() % page_tokens_;
    return n_full > node.begin && node.kept < n_full && !node.refused;
}

void EvictionOrder::price_kept(RadixNode & node, int32_t page_tokens) const {
    const bool all = node.kept > node.begin && node.kept >= node.end() - node.end() % page_tokens;
    if (all) node.worth = std::min(node.worth, inflation_ + kept_cost_);
}

void EvictionOrder::note_victim(const RadixNode & node) {
    if (node.indexed) inflation_ = std::max(inflation_, node.key.worth);
}

void EvictionOrder::update(RadixNode & node) {
    remove(node);
    if (node.is_root() || !node.children.empty()) return;
    node.key = key(node);
    node.indexed = true;
    leaves_.emplace(node.key, &node);
}

void EvictionOrder::remove(RadixNode & node) {
    if (node.indexed) leaves_.erase(node.key);
    node.indexed = false;
}

}  // namespace banyan
