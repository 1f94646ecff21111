// Which saved state goes first when a row is needed for another.
//
// Owns: an index of all nodes with a state, inner ones too, ordered by key(): without its state a node keeps its pages.
// Changed by: the radix tree, which calls update() after anything that a key depends on has changed.
// Thread: the engine thread.
// Invariant: holds exactly the nodes that have a state, each under its key at the last update().
//
// Order: as of pages (eviction-order.h), without sizes, as all states have the same: what is worth most is the cost of
// computing from the state before it to here, times the branches that begin here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "core/costs/cost-model.h"
#include "core/memory/eviction-order.h"
#include "core/memory/radix-node.h"

namespace banyan {

class StateOrder {
  public:
    /** `cost` outlives the order. */
    void configure(Eviction mode, const CostModel * cost) {
        mode_ = mode;
        cost_ = cost;
    }

    /** What the node's state is kept for. */
    static NodeKind kind(const RadixNode & node);
    EvictionKey key(const RadixNode & node) const;
    /** The key that a state of this kind would have, which is made now and saves computing its n_new last tokens. */
    EvictionKey key_of_new(NodeKind kind, int64_t n_new, int64_t n_past) const;

    /** Files the node under its key if it has a state. */
    void update(RadixNode & node);
    /** The node is about to lose its state. */
    void remove(RadixNode & node);
    /** The state is made or used now. */
    void touch(RadixNode & node);

    /** The state to evict; nullptr when there is none that only the tree holds. */
    RadixNode * first() const;
    /** It goes. */
    void note_victim(const RadixNode & node);
    /** The node that has this state; nullptr: none. O(n). */
    RadixNode * find(StateId state) const;
    size_t size() const { return nodes_.size(); }

  private:
    int64_t restore(int64_t n_new, int64_t n_past) const;

    Eviction mode_ = Eviction::lru;
    const CostModel * cost_ = nullptr;
    int64_t inflation_ = 0;
    uint64_t clock_ = 0;
    std::map<EvictionKey, RadixNode *> nodes_;
};

}  // namespace banyan
