#include "core/eviction.h"

#include <algorithm>

namespace banyan {

EvictionKey eviction_key(const RadixNode & node) {
    EvictionKey key;
    for (const PathLock * lock : node.locks) key.rank = std::max(key.rank, lock->holder == Holder::pin ? 2 : 1);
    key.stamp = node.stamp;
    key.id = node.id;
    return key;
}

void EvictionOrder::update(RadixNode & node) {
    remove(node);
    if (node.is_root() || !node.children.empty()) return;
    node.key = eviction_key(node);
    node.indexed = true;
    leaves_.emplace(node.key, &node);
}

void EvictionOrder::remove(RadixNode & node) {
    if (node.indexed) leaves_.erase(node.key);
    node.indexed = false;
}

}  // namespace banyan
