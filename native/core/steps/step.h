// The step under way: its batch, what that costs, and since when it is computed.
//
// Owns: the batch, from the first row until clear(). Changed by: every method that is not const.
// Thread: the engine thread.
// Invariant: the tokens and pages that a row points to stay where they are until clear().
#pragma once

#include <utility>
#include <vector>

#include "core/costs/cost-model.h"
#include "core/drafts/draft.h"
#include "core/requests/sequence.h"
#include "core/steps/batch.h"
#include "core/types.h"

namespace banyan {

class Step {
  public:
    /** The next n_tokens of a running sequence. Their cells are reserved. */
    void add(Sequence & seq, int32_t n_tokens);
    /** What the sequence may say next, if anything, after its row, which it has. The cells are reserved, or more. */
    void add_drafts(Sequence & seq, const Draft & draft);
    /** n_tokens of a prompt that no request has sent yet, after what the table holds. Their cells are reserved. */
    void add_ahead(const Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens, SlotId slot,
                   ProgramId program);
    /** Copies of slots as the last step left them, before anything else. */
    void save_before(std::vector<StateCopy> saves) {
        shape_.copies += static_cast<int64_t>(saves.size());
        batch_.saves_before = std::move(saves);
    }
    /** Done, or nothing came of it. */
    void clear();

    bool empty() const { return batch_.empty(); }
    bool has(RequestId id) const;
    const Batch & batch() const { return batch_; }
    /** Drafts not counted. */
    const StepShape & shape() const { return shape_; }
    int32_t n_drafts() const { return n_drafts_; }
    /** Where reservations write the copies that they need. */
    std::vector<PageCopy> & copies() { return batch_.copies; }

    /** Between schedule() and commit(), with rows. */
    bool in_flight = false;
    Micros scheduled = 0;

  private:
    BatchRow row(const BlockTable & table, const std::vector<Token> & tokens, int32_t n_tokens, SlotId slot) const;
    void add(const BatchRow & row, bool decodes, const Holding & holding);

    Batch batch_;
    StepShape shape_;
    int32_t n_drafts_ = 0;
};

}  // namespace banyan
