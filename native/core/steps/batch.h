// The two plain records between scheduler and runner: what to compute in one step, and what came out of it.
//
// Owns: nothing. The pointers in a Batch reach into the scheduler's sequences and stay valid until commit().
// Thread: the engine thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/memory/page-copy.h"
#include "core/memory/state-copy.h"
#include "core/types.h"

namespace banyan {

/** Consecutive tokens of one request. */
struct BatchRow {
    RequestId request;
    SlotId slot;
    const Token * tokens;  // [n_tokens], positions [n_past, n_past + n_tokens)
    int32_t n_tokens;
    int32_t n_past;        // tokens whose KV the pages already hold
    const PageId * pages;  // [n_pages], covers [0, n_past + n_tokens)
    int32_t n_pages;
    bool sample;          // the last token's logits are wanted: a token is sampled from them
    bool first;           // the slot's first row since it was given to this request: recurrent state starts empty
    ProgramId ahead = 0;  // whose known next prompt it begins; request is 0, and nothing is sampled
    bool scored = false;  // the logits of all its tokens are wanted
    int32_t n_drafts =
        0;  // of a sampled row: its last tokens are drafts, and logits of each and of the one before wanted
};

/**
 * In the order in which the runner takes it: saves_before (slots are as the last step left them, whichever request has
 * them next), slots of rows that are `first` are emptied, loads, copies, the rows, saves_after. A step that failed has
 * saved nothing. Each load is of a row that is `first`, with n_past = n_tokens; a `first` row without a load has n_past
 * 0 on a model with recurrent layers.
 */
struct Batch {
    std::vector<StateCopy> saves_before;
    std::vector<StateCopy> loads;
    std::vector<PageCopy> copies;  // before the rows run
    std::vector<BatchRow> rows;
    std::vector<StateCopy> saves_after;  // n_tokens: n_past + n_tokens of the slot's row
    int32_t n_tokens = 0;                // sum of rows' n_tokens

    bool empty() const { return rows.empty(); }
    void clear() {
        saves_before.clear();
        loads.clear();
        copies.clear();
        rows.clear();
        saves_after.clear();
        n_tokens = 0;
    }
};

/** One sampled row. Rows of the batch without `sample` need no entry: they are committed as computed. */
struct RowResult {
    RequestId request;
    Token token;       // appended to the sequence when !finished or when it belongs to the output
    bool append;       // the token enters the sequence (false for an end-of-generation token)
    bool finished;     // the request ends here
    int32_t kept = 0;  // so many of the row's drafts are what was sampled, and enter the sequence before the token
    std::vector<Token> forced;  // enter it after the token, without being sampled
    std::vector<Token> likely;  // come next, as the request's grammar has it: a draft, of which the first
    int32_t n_sure = 0;         // are sure
};

struct StepResult {
    std::vector<RowResult> rows;
    bool failed = false;  // nothing of the batch was computed; the scheduler returns to the state before it
    // Of a step that did not fail:
    std::vector<RequestId> refused;  // whose row was left out, as its slot had not the state it needs; 0: the one ahead
    std::vector<StateId> lost_states;  // that could not be saved
    int64_t foretelling = 0;           // nanoseconds in which it was found what grammars will leave no choice about
};

}  // namespace banyan
