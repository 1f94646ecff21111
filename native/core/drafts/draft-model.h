// A second, smaller model of the same vocabulary that drafts, or a head of the model: it has read what requests said, page
// by page.
//
// What it computed of a token lies under the same page id and cell as what the model computed, so a prefix that
// requests share is read once, and goes with its page. It may be behind: tokens are read when it is to draft, not
// before. Thread: the engine thread.
#pragma once

#include <vector>

#include "core/costs/cost-model.h"
#include "core/drafts/draft.h"
#include "core/types.h"

namespace banyan {

struct Batch;

/** A request that decodes, as the second model reads it. */
struct ModelRow {
    RequestId request;
    SlotId slot;
    const std::vector<Token> * tokens;
    const PageId * pages;  // [n_pages], cover the tokens and all that is drafted after them but the last
    int32_t n_pages;
    int32_t n_read;  // tokens that it may read this time; fewer than are unread: it drafts nothing
};

/** One run of the second model, and how long it took. */
struct ModelPass {
    StepShape shape;
    Micros took;
};

struct ModelDrafts {
    std::vector<ModelDraft> drafts;  // by row
    std::vector<ModelPass> passes;
};

class DraftModel {
  public:
    virtual ~DraftModel() = default;

    /** The step under way copies these pages and writes these cells. Once a step, before it is to draft. */
    virtual void follow(const Batch & step) = 0;
    /** Drafts will be written to this page too, from its first cell on. */
    virtual void take_page(PageId page) = 0;
    /** Tokens that it has to read before it drafts, the last one among them; -1: it can draft nothing after these. */
    virtual int32_t unread(const ModelRow & row) = 0;
    /** At most `depth` tokens of each row that it has read. */
    virtual ModelDrafts draft(const std::vector<ModelRow> & rows, int32_t depth) = 0;
};

}  // namespace banyan
