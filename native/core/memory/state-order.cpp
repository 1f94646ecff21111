#include "core/memory/state-order.h"

#include <algorithm>

namespace banyan {

int64_t StateOrder::restore(int64_t n_new, int64_t n_past) const {
    return cost_ ? cost_->prefill(n_new, n_past) : 0;
}

NodeKind StateOrder::kind(const RadixNode & node) {
    return std::min(EvictionOrder::kind(node), node.state->most);
}

EvictionKey StateOrder::key(const RadixNode & node) const {
    EvictionKey key;
    int32_t steps = INT32_MAX;
    for (const PathLock * lock : node.locks) {
        if (lock->holder == Holder::pin) key.rank = 2;
        if (lock->holder == Holder::tree && lock->keep == NodeKind::next) steps = std::min(steps, lock->steps);
    }
    if (mode_ == Eviction::typed) {
        key.kind = kind(node);
        if (key.kind == NodeKind::next) key.soon = -steps;
        key.worth = node.state->worth;
    }
    key.stamp = node.state->stamp;
    key.id = node.id;
    return key;
}

EvictionKey StateOrder::key_of_new(NodeKind kind, int64_t n_new, int64_t n_past) const {
    EvictionKey key;
    if (mode_ == Eviction::typed) {
        key.kind = kind;
        key.worth = inflation_ + restore(n_new, n_past);
    }
    key.stamp = clock_ + 1;
    return key;
}

void StateOrder::touch(RadixNode & node) {
    const RadixNode * before = node.parent;
    while (!before->is_root() && !before->state) before = before->parent;
    const int64_t branches = std::max<int64_t>(1, static_cast<int64_t>(node.children.size()));
    node.state->worth = inflation_ + restore(node.end() - before->end(), before->end()) * branches;
    node.state->stamp = ++clock_;
    update(node);
}

void StateOrder::update(RadixNode & node) {
    if (!node.state) return;
    remove(node);
    node.state->key = key(node);
    node.state->indexed = true;
    nodes_.emplace(node.state->key, &node);
}

void StateOrder::remove(RadixNode & node) {
    if (!node.state || !node.state->indexed) return;
    nodes_.erase(node.state->key);
    node.state->indexed = false;
}

RadixNode * StateOrder::first() const {
    // Those that requests are about to load are few.
    for (const auto & [key, node] : nodes_) {
        if (node->state->is_only_cached()) return node;
    }
    return nullptr;
}

void StateOrder::note_victim(const RadixNode & node) {
    inflation_ = std::max(inflation_, node.state->key.worth);
}

RadixNode * StateOrder::find(StateId state) const {
    for (const auto & [key, node] : nodes_) {
        if (node->state->id == state) return node;
    }
    return nullptr;
}

}  // namespace banyan
