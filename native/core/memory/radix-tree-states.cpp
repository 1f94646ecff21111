// Saved states at the ends of edges: where they hang, and which of them goes.
#include <cassert>

#include "core/memory/radix-tree.h"

namespace banyan {

void RadixTree::attach(const PathLock & at, StatePool & pool, StateId state, NodeKind most) {
    RadixNode & node = *at.node;
    assert(!node.state);
    node.state = std::make_unique<StateRef>(pool, state);
    node.state->most = most;
    states_.touch(node);
    order_.update(node);
}

void RadixTree::use_state(RadixNode & node) {
    node.state->most = NodeKind::fixed;
    states_.touch(node);
}

void RadixTree::raise_state(RadixNode & node, NodeKind most) {
    if (most <= node.state->most) return;
    node.state->most = most;
    states_.update(node);
}

void RadixTree::drop_state(RadixNode & node) {
    if (!node.state) return;
    states_.remove(node);
    node.state.reset();
    order_.update(node);
}

void RadixTree::evict_state() {
    RadixNode & node = *states_.first();
    states_.note_victim(node);
    drop_state(node);
}

}  // namespace banyan
