// One edge of the radix tree: a run of tokens, and the pages that hold their KV.
//
// Owns: its children, its state, a reference (held by the tree) on each of its pages.
// Changed by: the radix tree only.
// Thread: the engine thread.
// Invariant: children begin where the edge ends and differ in their first token. A page that two edges share (the cut
// lies inside it) is referenced by both; it holds the tokens of the whole path, so the deeper edge's page serves both.
//
//   path tokens   0 ........ begin ................ end        page_tokens = 4, begin = 6, end = 13
//   page index       0   |   1   |   2   |   3   |
//   this edge's pages   [ 1: straddles the parent's end, 2, 3: partly filled ]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "core/memory/page-pool.h"
#include "core/memory/state-pool.h"
#include "core/types.h"

namespace banyan {

struct RadixNode;

/** What a leaf is worth keeping for; least goes first. */
enum class NodeKind : uint8_t {
    abandoned,  // a branch that no call will continue
    finished,   // of programs that ended, or of requests without one
    idle,       // of a program that has not come back within its TTL
    acting,     // of a program that waits for a tool, within its TTL
    next,       // the next call is known to begin so
    fixed       // system prompt and tools
};
constexpr int kNodeKinds = 6;
template <>
struct Words<NodeKind> {
    static constexpr auto list = words("abandoned", "finished", "idle", "acting", "next", "static");
};

/**
 * A place in the tree that its holder wants kept: eviction takes unlocked leaves first. Under the last pressure a
 * locked leaf can go too; then the lock falls back to the parent, so it never dangles. Does not move in memory, and is
 * unlocked before it dies (unless the tree dies with it). With holder `tree` it is a program's mark: it locks nothing,
 * it only says of what kind the path is.
 */
struct PathLock {
    PathLock(Salt path_salt, Holder lock_holder) : salt(path_salt), holder(lock_holder) {}
    PathLock(const PathLock &) = delete;
    PathLock & operator=(const PathLock &) = delete;

    const Salt salt;
    const Holder holder;                 // table, pin or tree
    ProgramId owner = 0;                 // the program it is of; 0: of none
    NodeKind keep = NodeKind::finished;  // of a mark
    int32_t steps = 0;                   // of a mark of kind next: calls until it is wanted
    RadixNode * node = nullptr;          // nullptr: the root
    int32_t end() const;                 // tokens of the path that the tree holds up to here
};

/** Orders the leaves: least goes first. */
struct EvictionKey {
    int32_t rank = 0;     // 0: no holder, 1: a running sequence, 2: a pin
    bool costly = false;  // to lose: wanted again and in no tier, or wanted by all; without tiers nothing is
    NodeKind kind = NodeKind::abandoned;
    int32_t soon = 0;    // minus the calls until it is wanted, so that what is wanted last goes first
    int64_t worth = 0;   // micros to compute a page of it again, on top of what went before it was used last
    uint64_t stamp = 0;  // last use
    uint64_t id = 0;

    bool operator<(const EvictionKey & o) const {
        return std::tie(rank, costly, kind, soon, worth, stamp, id) <
               std::tie(o.rank, o.costly, o.kind, o.soon, o.worth, o.stamp, o.id);
    }
};

/** The saved state of recurrent layers after all tokens up to the end of an edge. Dies when that end is evicted. */
struct StateRef {
    /** Takes over a reference. */
    StateRef(StatePool & of, StateId state) : pool(of), id(state) {}
    ~StateRef() { pool.unref(id); }
    StateRef(const StateRef &) = delete;
    StateRef & operator=(const StateRef &) = delete;

    StatePool & pool;
    const StateId id;
    NodeKind most =
        NodeKind::fixed;   // a state saved by way of precaution counts as this at most, until a request has loaded it
    int64_t worth = 0;     // as in EvictionKey, when it was made or used last
    uint64_t stamp = 0;    // of that
    bool indexed = false;  // in the order of states, under `key`
    EvictionKey key;

    /** No request is about to load it. */
    bool is_only_cached() const { return pool.refs(id) == 1; }
};

struct RadixNode {
    uint64_t id = 0;
    Salt salt = 0;
    RadixNode * parent = nullptr;
    int32_t begin = 0;          // tokens of the path before this edge
    std::vector<Token> tokens;  // the edge: path positions [begin, end)
    std::vector<PageId> pages;  // of the path's page indices [begin / page_tokens, ceil(end / page_tokens))
    std::map<Token, std::unique_ptr<RadixNode>> children;  // by first token
    Token recent = -1;                                     // first token of the child used last
    uint64_t stamp = 0;                                    // of the last use of this edge or one below
    NodeKind base = NodeKind::finished;                    // without marks: abandoned, finished or fixed
    int64_t worth = 0;                                     // as in EvictionKey, at the last use
    int32_t kept = 0;                                      // tokens [0, kept) of the path are in a tier as well
    bool refused = false;                                  // no tier took the rest
    std::unique_ptr<StateRef> state;                       // nullptr: none is saved at its end
    bool state_kept = false;                               // a tier has the state of its end
    std::vector<PathLock *> locks;
    bool indexed = false;  // in the eviction order, under `key`
    EvictionKey key;

    int32_t end() const { return begin + static_cast<int32_t>(tokens.size()); }
    bool is_root() const { return parent == nullptr; }
};

inline int32_t PathLock::end() const {
    return node ? node->end() : 0;
}

}  // namespace banyan
