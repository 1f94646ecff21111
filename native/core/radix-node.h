// One edge of the radix tree: a run of tokens, and the pages that hold their KV.
//
// Owns: its children, its payload, a reference (held by the tree) on each of its pages.
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
#include <vector>

#include "core/page-pool.h"
#include "core/types.h"

namespace banyan {

struct RadixNode;

/** Where an edge's pages lie. Host and disk join when pages can leave the device. */
enum class Tier : uint8_t { device };

/** What is true exactly at the end of an edge (the state of recurrent layers there). Dies when that end is evicted. */
struct NodePayload {
    virtual ~NodePayload() = default;
};

/**
 * A place in the tree that its holder wants kept: eviction takes unlocked leaves first. Under the last pressure a
 * locked leaf can go too; then the lock falls back to the parent, so it never dangles. Does not move in memory, and is
 * unlocked before it dies (unless the tree dies with it).
 */
struct PathLock {
    PathLock(Salt path_salt, Holder lock_holder) : salt(path_salt), holder(lock_holder) {}
    PathLock(const PathLock &) = delete;
    PathLock & operator=(const PathLock &) = delete;

    const Salt salt;
    const Holder holder;         // table or pin
    RadixNode * node = nullptr;  // nullptr: the root
    int32_t end() const;         // tokens of the path that the tree holds up to here
};

/** Orders the leaves: least goes first. */
struct EvictionKey {
    int32_t rank = 0;    // 0: nobody holds it, 1: a running sequence does, 2: a pin does
    uint64_t stamp = 0;  // last use
    uint64_t id = 0;

    bool operator<(const EvictionKey & o) const {
        if (rank != o.rank) return rank < o.rank;
        if (stamp != o.stamp) return stamp < o.stamp;
        return id < o.id;
    }
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
    Tier tier = Tier::device;
    std::unique_ptr<NodePayload> payload;
    std::vector<PathLock *> locks;
    bool indexed = false;  // in the eviction order, under `key`
    EvictionKey key;

    int32_t end() const { return begin + static_cast<int32_t>(tokens.size()); }
    bool is_root() const { return parent == nullptr; }
};

inline int32_t PathLock::end() const { return node ? node->end() : 0; }

}  // namespace banyan
