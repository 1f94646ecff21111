// What every cell of every page should hold: instead of KV a hash of the whole path up to its token, so that each row
// proves that the pages it reads hold exactly its own past. So does the state of recurrent layers in its slot. For
// tests: its time grows with the context.
//
// Owns: a hash a cell, a slot and a saved state. Changed by: check. Thread: one.
// Invariant: a cell of a page that two requests share never changes while they do (paged-kv invariants 2 and 3).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/scheduler/scheduler.h"
#include "core/steps/batch.h"
#include "core/types.h"

namespace banyan::sim {

class PageOracle {
  public:
    explicit PageOracle(const SchedulerConfig & config)
        : page_tokens_(config.page_tokens),
          cells_(static_cast<size_t>(config.n_pages) * config.page_tokens, 0),
          slots_(config.max_running, 0),
          states_(config.n_states, 0) {}

    /** A request with its prompt; grow() adds what it says. */
    void begin(RequestId id, Salt salt, std::vector<Token> tokens) { truths_[id] = {salt, std::move(tokens)}; }
    void grow(RequestId id, Token token);
    void end(RequestId id) { truths_.erase(id); }
    /** What the program said that its next prompt begins with. */
    void know(ProgramId program, Salt salt, std::vector<Token> tokens) { known_[program] = {salt, std::move(tokens)}; }

    /** What a tier is to keep, as cells of a page; of a state its hash before them. And back. */
    std::vector<uint64_t> cells(const PageWrite & write) const;
    void set_cells(const TierPlace & to, const std::vector<uint64_t> & cells);
    /** Between steps. */
    void save_states(const std::vector<StateCopy> & saves);

    /** Plays the batch: copies, reads, writes (garbage when the step failed), and reads again. '' or what is wrong. */
    std::string check(const Batch & batch, bool failed);

  private:
    struct Truth {
        Salt salt = 0;
        std::vector<Token> tokens;
    };
    const Truth * truth_of(const BatchRow & row) const;
    uint64_t & cell(PageId page, int32_t at) { return cells_[static_cast<size_t>(page) * page_tokens_ + at]; }
    uint64_t past_of(const BatchRow & row) const;
    std::string load_states(const Batch & batch);
    std::string read(const BatchRow & row);
    void write(const BatchRow & row, bool failed);

    int32_t page_tokens_;
    std::vector<uint64_t> cells_;
    std::vector<uint64_t> slots_, states_;  // of recurrent layers: a hash of all tokens so far
    std::unordered_map<RequestId, Truth> truths_;
    std::unordered_map<ProgramId, Truth> known_;
};

}  // namespace banyan::sim
