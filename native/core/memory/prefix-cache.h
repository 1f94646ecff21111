// Pages and tree behind one contract: take what is cached, get room for the rest, give back what was computed.
//
// Owns: the page pool, the pool of saved states, the radix tree, the pins. A Holding is owned by its sequence.
// Changed by: every method that is not const; nothing else touches pool or tree.
// Thread: the engine thread.
// Invariant: free + reclaimable >= promised pages, so a promise can always be kept. Reclaimable = held by the tree
// alone; evicting can free every one of them, because a lock is a preference and only a reference is a claim.
//
// A model with recurrent layers (n_states > 0) can go on from a path only where their state was saved: of what is
// cached a request gets the tokens up to the deepest saved state, and that state to load.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
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
#include "core/memory/state-pool.h"
#include "core/types.h"

namespace banyan {

/** What a running sequence or a pin has of the cache. Does not move in memory. */
struct Holding {
    Holding(PagePool & pool, Salt salt, Holder holder) : table(pool, holder), lock(salt, holder) {}

    BlockTable table;
    PathLock lock;         // how far its path is in the tree
    int32_t promised = 0;  // pages that it may still take without asking
    int32_t spent = 0;     // of the promise, by the reservation under way
    int32_t extra = 0;     // pages of that reservation which it was not promised, for drafts
    // With recurrent layers:
    int32_t paged = 0;                       // tokens of its path that the tree had when it was acquired
    StateId load = kNoState;                 // held until its slot has loaded it
    StateId saving = kNoState;               // held while the step under way saves its slot's state there
    NodeKind saving_most = NodeKind::fixed;  // what that will be worth at most
};

class PrefixCache {
  public:
    /** n_states: of recurrent layers, that can be saved; 0: the model has none. */
    PrefixCache(int32_t n_pages, int32_t page_tokens, int32_t n_states = 0)
        : pool_(n_pages, page_tokens), states_(n_states), tree_(pool_) {
        configure(Eviction::lru, nullptr);
    }
    /** How leaves and states are ordered for eviction; least recently used without. `cost` outlives the cache. */
    void configure(Eviction mode, const CostModel * cost) { tree_.configure(mode, cost, has_states()); }
    void use_tiers() { tree_.use_tiers(); }
    bool has_states() const { return states_.n_states() > 0; }

    std::unique_ptr<Holding> hold(Salt salt) { return std::make_unique<Holding>(pool_, salt, Holder::table); }

    /** Length of the longest cached prefix of tokens [0, n_tokens) from which a request can go on. */
    int32_t match(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const;
    /** The same of their pages alone: with recurrent layers no request may be able to go on from there. */
    int32_t paged(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const {
        return tree_.match(salt, tokens.data(), n_tokens).n_tokens;
    }
    MissExplanation explain(Salt salt, const std::vector<Token> & tokens) const;

    /**
     * Gives an empty holding the longest cached prefix of tokens [0, n_tokens) from which it can go on, locked, with
     * the state to load. Returns its length, and why it is not longer.
     */
    int32_t acquire(Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens,
                    MissExplanation * why = nullptr);
    /** The same of its pages alone, and no state: the whole of tokens [0, n_tokens) must be in the tree. */
    void acquire_pages(Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens);
    /**
     * Shares less: the part of a page that would have to be copied is computed instead. Does nothing with recurrent
     * layers: their state is that of the whole prefix.
     */
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
    /**
     * Cells for up to n_tokens drafts after a reservation: in its last page, and in one that is free and promised to no
     * other. Nothing is evicted for them. Returns how many.
     */
    int32_t extend(Holding & holding, int32_t n_tokens);
    /** Gives cells of the last n_tokens drafts back. */
    void shorten(Holding & holding, int32_t n_tokens);
    /** The first n_tokens of what was reserved are the sequence's; what held the rest is given back. */
    void confirm(Holding & holding, int32_t n_tokens);
    void confirm(Holding & holding);
    void revert(Holding & holding);
    /** Evicts what has no holder and is worth no more than `most`, until n_pages are free. False: they are not. */
    bool make_free(int32_t n_pages, NodeKind most);

    /**
     * A row for the state of the holding's path after `end` tokens, of this kind: a free one, or that of a state which
     * is worth less. It will be worth no more than `most` before it is used. False: there is none.
     */
    bool take_state(Holding & holding, int32_t end, NodeKind kind, NodeKind most = NodeKind::fixed);
    /** The state was saved there: it hangs at the end of what the holding has committed. */
    void attach_state(Holding & holding);
    /** It was not. */
    void drop_saving(Holding & holding);
    /** The holding's slot has loaded its state, or never will. */
    void end_load(Holding & holding);
    /** The slot's state, after what the holding has committed, is to be saved at the head of the next step. */
    bool save_state(Holding & holding, SlotId slot, NodeKind kind, NodeKind most = NodeKind::fixed);
    /** The copies that are owed: they go into the step that is about to run. */
    std::vector<StateCopy> take_owed_saves() { return states_.take_owed(); }
    /** They were made, or never will be. */
    void end_owed_saves() { states_.end_owed(); }
    /** The state after exactly tokens [0, n_tokens), its bytes in its row; kNoState: there is none. */
    StateId saved_state(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const;
    /** These were never saved. */
    void lose_states(const std::set<StateId> & states);
    /** The state after tokens [0, end) is of no more use, unless something is marked or branches off there. */
    void drop_state(Salt salt, const std::vector<Token> & tokens, int32_t end);

    /** Inserts the holding's written tokens [0, table.n_written()), so that others can share them from now on. */
    void commit(Holding & holding, const std::vector<Token> & tokens);
    /** What other requests have after exactly tokens [0, n_tokens) of the holding's path: at most `most`. */
    std::vector<Token> ahead(const Holding & holding, const std::vector<Token> & tokens, int32_t most) const {
        return tree_.ahead(holding.lock, tokens.data(), static_cast<int32_t>(tokens.size()), most);
    }
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

    /** Tokens [0, n_tokens), full pages, are in a tier as well, from which a page takes page_cost. */
    void mark_kept(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens, Micros page_cost) {
        tree_.mark_kept(salt, tokens.data(), n_tokens, page_cost);
    }
    /** A tier has the state after the path's first n_tokens. */
    void mark_state_kept(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) {
        tree_.mark_state_kept(salt, tokens.data(), n_tokens);
    }
    /** No tier takes the path's pages. */
    void mark_refused(Salt salt, const std::vector<Token> & tokens) {
        tree_.mark_refused(salt, tokens.data(), static_cast<int32_t>(tokens.size()));
    }

    /**
     * Keeps the longest cached prefix until `expires`, or what promises allow of it, and as much of it as leaves the
     * pins of this salt with at most `most_pages` pages. Returns its length; 0: no pin.
     */
    int32_t pin(Salt salt, const std::vector<Token> & tokens, Micros expires, uint64_t * pin_id,
                int32_t most_pages = std::numeric_limits<int32_t>::max());
    /** Pages that pins of this salt hold. */
    int32_t n_pinned(Salt salt) const;
    bool unpin(uint64_t pin_id);
    /** Ends the pins whose time has come. */
    void expire(Micros now);
    /** Last resort of a scheduler that could only hang otherwise: ends the pin that expires first. False: none left. */
    bool break_pin();

    /** Drops what is neither locked nor pinned. Returns pages freed. */
    int32_t clear();

    const PagePool & pool() const { return pool_; }
    const StatePool & states() const { return states_; }
    const RadixTree & tree() const { return tree_; }
    int32_t promised() const { return promised_; }
    /** Pages evicted so far, by what they were. */
    const std::array<uint64_t, kNodeKinds> & evicted() const { return evicted_; }
    uint64_t pages_evicted() const { return std::accumulate(evicted_.begin(), evicted_.end(), uint64_t{0}); }
    /** Saved states evicted so far, by what they were. */
    const std::array<uint64_t, kNodeKinds> & states_evicted() const { return states_evicted_; }
    std::string check_integrity() const;

  private:
    struct Pin {
        Pin(PagePool & pool, Salt salt, Micros until) : holding(pool, salt, Holder::pin), expires(until) {}
        Holding holding;
        Micros expires;
    };
    void make_free(int32_t n_pages);
    void evict_page();
    int32_t pinned_alone(const Holding & holding) const;
    MissExplanation explain(Salt salt, const std::vector<Token> & tokens, const PathMatch & found) const;
    PathMatch find(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const;
    PathMatch resumable(PathMatch found) const;

    PagePool pool_;
    StatePool states_;
    RadixTree tree_;
    std::map<uint64_t, Pin> pins_;                      // by id
    std::set<std::pair<Micros, uint64_t>> pin_expiry_;  // (expires, id)
    std::map<Salt, int32_t> pinned_pages_;              // by salt, each page once
    uint64_t next_pin_ = 1;
    int32_t promised_ = 0;
    std::array<uint64_t, kNodeKinds> evicted_{};
    std::array<uint64_t, kNodeKinds> states_evicted_{};
};

}  // namespace banyan
