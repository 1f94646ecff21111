// What computes the tokens that a drafting model reads: a draft model's own runner, or a head that reads the hidden
// states of the model it drafts for. Both write pages that have the numbers of the model's pages.
//
// Thread: made anywhere, then the engine thread. Invariant: what it computes of a cell depends on the tokens of its
// path alone, up to the cell's own token or, with shift() 1, the one after it.
#pragma once

#include <cstdint>

#include "core/steps/batch.h"
#include "core/types.h"

namespace banyan {

class Model;
class Runner;

class DraftReader {
  public:
    virtual ~DraftReader() = default;

    /** Whose vocabulary and weights it has. */
    virtual const Model & model() const = 0;
    /** Bytes of its pages, and of whatever else it keeps of each token. */
    virtual int64_t pool_bytes() const = 0;
    /** A cell reads the token that is so many places behind its own in the text: 0 or 1. */
    virtual int32_t shift() const { return 0; }
    /** What it drafted and was said counts as read. False: it is read again, as it was computed of less than that. */
    virtual bool keeps_drafts() const { return true; }

    /**
     * Computes the batch, as Runner::run does; n_past of a row is its first cell, and its tokens are those that its
     * cells read. False: nothing of it counts.
     */
    virtual bool run(const Batch & batch) = 0;
    /** After run, of a sampled row: [vocabulary of model()]. Throws Error STEP_FAILED. */
    virtual const float * logits(size_t row) const = 0;
    /** The slot's cells are nothing to go on from. */
    virtual void release(SlotId slot) = 0;

    /** What it needs to read cells [begin, end) of the path is there. */
    virtual bool can_read(const PageId * /*pages*/, int32_t /*begin*/, int32_t /*end*/) const { return true; }
    /** The step under way copies these pages and writes these cells. */
    virtual void follow(const Batch & /*step*/) {}
    /** The page holds something else. */
    virtual void forget(PageId /*page*/) {}
    /** The model has computed the step. */
    virtual void hear(const Batch & /*step*/, Runner & /*model*/) {}
};

}  // namespace banyan
