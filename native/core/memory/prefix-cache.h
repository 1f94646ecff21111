// Pages and tree behind one contract: take what is cached, get room for the rest, give back what was computed.
//
// Owns: the page pool, the radix tree, the pins. A Holding is owned by its sequence.
// Changed by: every method that is not const; nothing else touches pool or tree.
// Thread: the engine thread.
// Invariant: free + reclaimable >= promised pages, so a promise can always be kept. Reclaimable = held by the tree
// alone; evicting can free every one of them, because a lock is a preference and only a reference is a claim.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/memory/block-table.h"
#include "core/memory/explain.h"
#include "core/memory/page-pool.h"
#include "core/memory/radix-tree.h"
#include "core/types.h"

namespace banyan {

/** What a running sequence or a pin has of the cache. Does not move in memory. */
struct Holding {
    Holding(PagePool & pool, Salt salt, Holder holder) : table(pool, holder), lock(salt, holder) {}

    BlockTable table;
    PathLock lock;         // how far its path is in the tree
    int32_t promised = 0;  // pages that it may still take without asking
    int32_t spent = 0;     // of the promise, by the reservation under way
};

class PrefixCache {
  public:
    PrefixCache(int32_t n_pages, int32_t page_tokens) : pool_(n_pages, page_tokens), tree_(pool_) {}
    /** How leaves are ordered for eviction; least recently used without. `cost` outlives the cache. */
    void configure(Eviction mode, const CostModel * cost) { tree_.configure(mode, cost); }

    std::unique_ptr<Holding> hold(Salt salt) { return std::make_unique<Holding>(pool_, salt, Holder::table); }

    /** Length of the longest cached prefix of tokens [0, n_tokens). */
    int32_t match(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const;
    MissExplanation explain(Salt salt, const std::vector<Token> & tokens) const;

    /**
     * Gives an empty holding the longest cached prefix of tokens [0, n_tokens), locked. Returns its length, and why it
     * is not longer.
     */
    int32_t acquire(Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens,
                    MissExplanation * why = nullptr);
    /** Shares less: the part of a page that would have to be copied is computed instead. */
    void drop_partial_page(Holding & holding);

    /** Pages that anybody may still be promised: free or reclaimable, and not promised. */
    int32_t available() const { return pool_.n_free() + pool_.n_reclaimable() - promised_; }
    /** Sets n_pages aside for the holding: available() must allow it. Replaces its former promise. */
    void promise(Holding & holding, int32_t n_pages);

    /**
     * Cells for the holding's next n_tokens tokens: from its promise, then from what is available, evicting cached
     * pages as needed. False: no room, nothing changed. Then confirm() or revert().
     */
    bool reserve(Holding & holding, int32_t n_tokens, std::vector<PageCopy> & copies);
    void confirm(Holding & holding);
    void revert(Holding & holding);
    /** Evicts what has no holder and is worth no more than `most`, until n_pages are free. False: they are not. */
    bool make_free(int32_t n_pages, NodeKind most);

    /** Inserts the holding's written tokens [0, table.n_written()), so that others can share them from now on. */
    void commit(Holding & holding, const std::vector<Token> & tokens);
    /** Gives everything back; what was committed stays cached. */
    void release(Holding & holding);

    /** The program's mark moves to the end of what the holding has committed, or goes (nullptr). */
    void mark(PathLock & mark, const Holding & at) { tree_.mark(mark, at.lock); }
    /** ... or to the end of the longest cached prefix. Returns its length. */
    int32_t mark(PathLock & mark, const std::vector<Token> & tokens);
    void unmark(PathLock & mark) { tree_.unlock(mark); }
    void set_keep(PathLock & mark, NodeKind keep, int32_t steps = 0) { tree_.set_keep(mark, keep, steps); }
    /**
     * No call will go on from the end of the tokens, nor from what after [0, from) leads to nothing else. The marks
     * that lie there fall back to `from`.
     */
    void abandon(Salt salt, const std::vector<Token> & tokens, int32_t from, const std::vector<PathLock *> & marks);
    /** The same for what the holding has committed, which is given back. */
    void release_abandoned(Holding & holding);
    /** Tokens [0, n_tokens) are system prompt and tools: evicted last. */
    void pin_static_prefix(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens);

    /** Keeps the longest cached prefix until `expires`, or what promises allow of it. Returns its length; 0: no pin. */
    int32_t pin(Salt salt, const std::vector<Token> & tokens, Micros expires, uint64_t * pin_id);
    bool unpin(uint64_t pin_id);
    /** Ends the pins whose time has come. */
    void expire(Micros now);
    /** Last resort of a scheduler that could only hang otherwise: ends the pin that expires first. False: none left. */
    bool break_pin();

    /** Drops what is neither locked nor pinned. Returns pages freed. */
    int32_t clear();

    const PagePool & pool() const { return pool_; }
    const RadixTree & tree() const { return tree_; }
    int32_t promised() const { return promised_; }
    /** Pages evicted so far, by what they were. */
    const std::array<uint64_t, kNodeKinds> & evicted() const { return evicted_; }
    uint64_t pages_evicted() const { return std::accumulate(evicted_.begin(), evicted_.end(), uint64_t{0}); }
    std::string check_integrity() const;

  private:
    struct Pin {
        Pin(PagePool & pool, Salt salt, Micros until) : holding(pool, salt, Holder::pin), expires(until) {}
        Holding holding;
        Micros expires;
    };
    void make_free(int32_t n_pages);
    void evict_page();
    MissExplanation explain(Salt salt, const std::vector<Token> & tokens, const PathMatch & found) const;

    PagePool pool_;
    RadixTree tree_;
    std::map<uint64_t, Pin> pins_;                      // by id
    std::set<std::pair<Micros, uint64_t>> pin_expiry_;  // (expires, id)
    uint64_t next_pin_ = 1;
    int32_t promised_ = 0;
    std::array<uint64_t, kNodeKinds> evicted_{};
};

}  // namespace banyan
