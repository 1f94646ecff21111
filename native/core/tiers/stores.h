// Pages that are to be written to a tier while the tree still has them, so that eviction never waits for a write.
//
// Owns: the paths that are wanted there, and which writes are under way. Changed by: every method that is not const.
// Thread: the engine thread. It waits for nothing: writes are given out (take_writes) and end by written().
// Invariant: a page that is kept or being written already is not written again; at most most_writing are under way. A
// path whose next page has left the tree is given up: what follows a gap could never be loaded.
//
// With recurrent layers a path is wanted as far as its last saved state, which is written behind its pages: nothing
// beyond it could ever be used.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/memory/prefix-cache.h"
#include "core/policy/decision-log.h"
#include "core/programs/program.h"
#include "core/tiers/cold-index.h"
#include "core/tiers/cold-states.h"
#include "core/tiers/tier-work.h"

namespace banyan {

class Stores {
  public:
    Stores(const TierConfig & config, PrefixCache & cache, ColdIndex & index, ColdStates & cold_states,
           DecisionLog & log)
        : config_(config), cache_(cache), index_(index), cold_states_(cold_states), log_(log) {}

    /** What holds the path's first n_tokens is wanted in a tier. keys: of its full pages; root: before them. */
    void want(Salt salt, const PageKey & root, const std::vector<Token> & tokens, const std::vector<PageKey> & keys,
              int32_t n_tokens, ColdKind kind, StoreReason reason, ProgramId program);

    /** The same of the ends of the program's last paths. */
    void want(const Program & program, StoreReason reason);

    bool empty() const { return paths_.empty() && writing_.empty(); }
    /** Appends the writes that may be handed out now. */
    void take_writes(std::vector<PageWrite> & writes);
    /** kept: the page is in the tier now. When its whole path is, that costs little to evict: page_cost a page. */
    void written(TierJob job, bool kept, Micros page_cost);

    uint64_t n_stored() const { return n_stored_; }
    uint64_t n_states_stored() const { return n_states_stored_; }
    int32_t n_writing() const { return static_cast<int32_t>(writing_.size()); }

    static constexpr int64_t kWanted = 1 << 23;  // tokens of paths that wait to be written

  private:
    struct Path {
        Salt salt;
        PageKey root;
        std::vector<Token> tokens;  // of its full pages, or up to its state
        std::vector<PageKey> keys;  // [n_pages]
        std::optional<ColdState> state;
        ColdKind kind;
        int32_t next;         // page to write next
        int32_t writing = 0;  // pages under way
        bool failed = false;
    };
    struct Writing {
        PageKey key;
        std::shared_ptr<Path> path;
        bool is_state;
    };
    using Paths = std::deque<std::shared_ptr<Path>>;
    bool is_known(const PageKey & key) const {
        return !config_.pages || index_.has(key) || writing_keys_.count(key) > 0;
    }
    bool is_known(const ColdState & state) const {
        return cold_states_.has(state.key) || writing_keys_.count(state.key) > 0;
    }
    bool write_pages(const std::shared_ptr<Path> & path, std::vector<PageWrite> & writes);
    bool write_state(const std::shared_ptr<Path> & path, std::vector<PageWrite> & writes);
    void add(const std::shared_ptr<Path> & path, PageWrite write, std::vector<PageWrite> & writes);
    void drop(Paths::iterator path);

    const TierConfig & config_;
    PrefixCache & cache_;
    ColdIndex & index_;
    ColdStates & cold_states_;
    DecisionLog & log_;
    Paths paths_;           // in the order in which they are written
    int64_t n_tokens_ = 0;  // of them
    std::unordered_map<TierJob, Writing> writing_;
    std::unordered_set<PageKey, PageKeyHash> writing_keys_;
    TierJob next_job_ = 1;
    int32_t n_states_writing_ = 0;
    uint64_t n_stored_ = 0, n_states_stored_ = 0;
    bool told_failure_ = false;  // since a write came through
};

}  // namespace banyan
