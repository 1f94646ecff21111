// Which token paths have their KV in pages: a path-compressed tree a salt, at token granularity.
//
// Owns: its nodes, and the tree's references on pages.
// Changed by: lock, unlock, mark, abandon, pin_static_prefix, mark_kept, insert, attach, evict_page, evict_state,
// clear_unlocked. match and next_token are const. Thread: the engine thread. Invariant: every page of a node holds the
// KV of the node's path, and its state is that after the path; a node's parent is in the tree. Sizes are kept, never
// recounted. Two salts share nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/memory/eviction-order.h"
#include "core/memory/page-pool.h"
#include "core/memory/radix-node.h"
#include "core/memory/state-order.h"
#include "core/memory/state-pool.h"
#include "core/types.h"

namespace banyan {

/** The longest common prefix of some tokens and the tree. */
struct PathMatch {
    int32_t n_tokens = 0;             // tokens [0, n_tokens) are in the tree
    RadixNode * node = nullptr;       // deepest edge with a matched token; nullptr: none
    std::vector<PageId> pages;        // [ceil(n_tokens / page_tokens)]: each from the deepest edge that covers it
    RadixNode * resumable = nullptr;  // deepest edge with a saved state at its end, all of it matched; nullptr: none
};

class RadixTree {
  public:
    explicit RadixTree(PagePool & pool) : pool_(&pool) {}
    RadixTree(const RadixTree &) = delete;
    RadixTree & operator=(const RadixTree &) = delete;

    PathMatch match(Salt salt, const Token * tokens, int32_t n_tokens) const;

    /** What the tree holds right after a match; where it branches, the branch used last. -1: it ends there. */
    Token next_token(Salt salt, const PathMatch & match) const;

    /**
     * What the tree holds after exactly tokens [0, n_tokens), of which it has those up to the lock: at most `most`;
     * where it branches, the branch used last.
     */
    std::vector<Token> ahead(const PathLock & lock, const Token * tokens, int32_t n_tokens, int32_t most) const;

    /** Moves the lock to the end of the match, cutting an edge there if it must, and marks the path as used now. */
    void lock(PathLock & lock, const PathMatch & match);
    void unlock(PathLock & lock);

    /**
     * Adds tokens [lock.end(), n_tokens) below the lock and moves the lock to their end. pages hold [0, n_tokens) of
     * the path. Where the tree has the tokens already it keeps its own pages.
     */
    void insert(PathLock & lock, const Token * tokens, int32_t n_tokens, const std::vector<PageId> & pages);

    /** Moves a mark to where the lock is. */
    void mark(PathLock & mark, const PathLock & at);
    void set_keep(PathLock & mark, NodeKind keep, int32_t steps = 0);
    /**
     * From the node up to path position `from`, as long as nothing else branches off or is held or marked: abandoned,
     * until it is used again. An edge is cut at `from`.
     */
    void abandon(RadixNode * node, int32_t from);
    /** The first n_tokens are a static prefix, as far as they are here; an edge is cut where they end. */
    void pin_static_prefix(Salt salt, const Token * tokens, int32_t n_tokens);

    /** The first n_tokens are in a tier as well, from which a page takes page_cost: losing them costs no more. */
    void mark_kept(Salt salt, const Token * tokens, int32_t n_tokens, Micros page_cost);
    /** A tier has the state after these tokens. */
    void mark_state_kept(Salt salt, const Token * tokens, int32_t n_tokens);
    /** No tier takes them: they are not kept for it. */
    void mark_refused(Salt salt, const Token * tokens, int32_t n_tokens);
    /** Tokens of the path up to the node's end. */
    static std::vector<Token> path_to(const RadixNode & node);

    /** needs_states: no request can go on from a path without the saved state of its end. */
    void configure(Eviction mode, const CostModel * cost, bool needs_states) {
        order_.configure(mode, cost, needs_states);
        states_.configure(mode, cost);
    }
    void use_tiers() { order_.use_tiers(pool_->page_tokens()); }
    /** The leaf that goes first; nullptr: none. */
    const RadixNode * victim() const { return order_.first(); }
    NodeKind victim_kind() const { return order_.leaf_kind(*victim()); }
    /** Takes the last page from it. False: the tree is empty. */
    bool evict_page();
    /** Evicts all that no lock keeps. */
    void clear_unlocked();

    /** The state at the end of the lock's path, which has none. Takes over the reference. */
    void attach(const PathLock & at, StatePool & pool, StateId state, NodeKind most = NodeKind::fixed);
    /** The node's state is used now: it has shown what it is good for. */
    void use_state(RadixNode & node);
    /** The node's state is wanted for something that is worth so much at most. */
    void raise_state(RadixNode & node, NodeKind most);
    void drop_state(RadixNode & node);
    const StateOrder & states() const { return states_; }
    /** Drops the state that goes first. Not when there is none that only the tree holds. */
    void evict_state();

    int32_t n_nodes() const { return n_nodes_; }
    int64_t n_tokens() const { return n_tokens_; }
    bool knows(Salt salt) const { return roots_.count(salt) != 0; }
    /** Every node but the roots, parents first, in a fixed order. */
    void visit(const std::function<void(Salt, const RadixNode &)> & see) const;
    /** The first `most` of them, level by level; with how many-th of those its parent is, or SIZE_MAX: it is a root. */
    void visit_levels(int32_t most, const std::function<void(Salt, const RadixNode &, size_t parent)> & see) const;
    std::string check_integrity() const;

  private:
    RadixNode * child(const RadixNode & node, Token first) const;
    RadixNode * cut(RadixNode & node, int32_t at);
    RadixNode * descend(RadixNode * node, const Token * tokens, int32_t n_tokens);
    bool may_extend(const RadixNode & node, const PathLock & by) const;
    RadixNode * add_child(RadixNode & parent, Token first);
    void serve_parents(const RadixNode & node);
    void move_lock(PathLock & lock, RadixNode * to);
    void touch(RadixNode * node);
    void refile(RadixNode & node);
    void drop_tail(RadixNode & leaf);
    void remove(RadixNode & leaf);

    PagePool * pool_;
    std::map<Salt, std::unique_ptr<RadixNode>> roots_;
    EvictionOrder order_;
    StateOrder states_;
    uint64_t next_id_ = 1, clock_ = 0;
    int32_t n_nodes_ = 0;  // without roots
    int64_t n_tokens_ = 0;
};

}  // namespace banyan
