// Which leaf of the radix tree goes first.
//
// Owns: an index of all leaves, ordered by eviction_key().
// Changed by: the radix tree, which calls update() after anything that a key depends on has changed.
// Thread: the engine thread.
// Invariant: holds exactly the leaves that are no root, each under its current key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/radix-node.h"

namespace banyan {

/** The policy, in one place: locked after unlocked, then least recently used. */
EvictionKey eviction_key(const RadixNode & node);

class EvictionOrder {
  public:
    /** Files the node under its key if it is a leaf, and takes it out if it is none. O(log leaves). */
    void update(RadixNode & node);
    void remove(RadixNode & node);

    /** The leaf to evict; nullptr when there is none. */
    RadixNode * first() const { return leaves_.empty() ? nullptr : leaves_.begin()->second; }
    size_t size() const { return leaves_.size(); }

  private:
    std::map<EvictionKey, RadixNode *> leaves_;
};

}  // namespace banyan
