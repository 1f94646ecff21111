// Which leaf of the radix tree goes first.
//
// Owns: an index of all leaves, ordered by key().
// Changed by: the radix tree, which calls update() after anything that a key depends on has changed.
// Thread: the engine thread.
// Invariant: holds exactly the leaves that are no root, each under its key at the last update().
//
// Order: pages without a holder first; where there are tiers, then what they have, or what no program wants (losing the
// rest costs computing, and it is about to be written); then by kind (typed); then those wanted later; then by worth,
// which is GreedyDual-Size (Cao and Irani 1997): the cost of a page at its last use on top of an inflation that rises
// to the worth of each victim. So P(reuse) * restore / (pages * time) falls with time, and yet no key changes while its
// leaf is not used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/costs/cost-model.h"
#include "core/memory/radix-node.h"

namespace banyan {

/** How leaves are ordered: by what they are worth, or (the baseline) least recently used first, whatever the kind. */
enum class Eviction : uint8_t { typed, lru };
template <>
struct Words<Eviction> {
    static constexpr auto list = words("typed", "lru");
};

class EvictionOrder {
  public:
    /**
     * The default is least recently used, whatever the kind. `cost` outlives the order. needs_states: no request can go
     * on from a leaf without a saved state, so such a leaf counts as abandoned.
     */
    void configure(Eviction mode, const CostModel * cost, bool needs_states) {
        mode_ = mode;
        cost_ = cost;
        needs_states_ = needs_states;
    }

    EvictionKey key(const RadixNode & node) const;
    /** What the node is kept for, by its marks. */
    static NodeKind kind(const RadixNode & node);
    /** What a leaf is worth keeping for. */
    NodeKind leaf_kind(const RadixNode & leaf) const {
        return needs_states_ && !leaf.state ? NodeKind::abandoned : kind(leaf);
    }

    /** Files the node under its key if it is a leaf, and takes it out if it is none. O(log leaves). */
    void update(RadixNode & node);
    void remove(RadixNode & node);
    /**
     * The path to the node is used now. needs_states: an edge of 100 pages that saved states have cut into ten is
     * priced as the whole hundred. Priced apart, the end of every path would be the cheapest leaf: all paths would lose
     * their ends, and with them their states, where one path could have gone whole.
     */
    void touch_path(RadixNode & node) const;
    /** What a page that a tier has as well takes to read. */
    void set_kept_cost(Micros page) { kept_cost_ = page; }
    /** There are tiers: of what is wanted again, that goes first which can be read again. */
    void use_tiers(int32_t page_tokens) { page_tokens_ = page_tokens; }
    bool uses_tiers() const { return page_tokens_ > 0; }
    /** The node's full pages, if a tier has them all, are worth no more than reading them. */
    void price_kept(RadixNode & node, int32_t page_tokens) const;
    /** The node is about to lose pages: later uses are priced on top of its worth (the inflation above). */
    void note_victim(const RadixNode & node);

    /** The leaf to evict; nullptr when there is none. */
    RadixNode * first() const { return leaves_.empty() ? nullptr : leaves_.begin()->second; }
    size_t size() const { return leaves_.size(); }

  private:
    bool is_costly(NodeKind kind, const RadixNode & node) const;

    Eviction mode_ = Eviction::lru;
    const CostModel * cost_ = nullptr;
    bool needs_states_ = false;
    int64_t inflation_ = 0;
    Micros kept_cost_ = kNever;
    int32_t page_tokens_ = 0;  // 0: there are no tiers
    std::map<EvictionKey, RadixNode *> leaves_;
};

}  // namespace banyan
