#include "core/steps/step.h"

#include <algorithm>

namespace banyan {

BatchRow Step::row(const BlockTable & table, const std::vector<Token> & tokens, int32_t n_tokens, SlotId slot) const {
    BatchRow row{};
    row.slot = slot;
    row.n_past = table.n_written();
    row.tokens = tokens.data() + row.n_past;
    row.n_tokens = n_tokens;
    row.pages = table.pages().data();
    row.n_pages = static_cast<int32_t>(table.pages().size());
    return row;
}

void Step::add(const BatchRow & row, bool decodes, const Holding & holding) {
    if (decodes) {
        shape_.add_decode(row.n_past);
    } else {
        shape_.add_prefill(row.n_tokens, row.n_past);
    }
    if (row.first && holding.load != kNoState) batch_.loads.push_back({row.slot, holding.load, row.n_past});
    if (holding.saving != kNoState) {
        batch_.saves_after.push_back({row.slot, holding.saving, row.n_past + row.n_tokens});
    }
    shape_.copies = static_cast<int64_t>(batch_.loads.size() + batch_.saves_after.size());
    batch_.rows.push_back(row);
    batch_.n_tokens += row.n_tokens;
}

void Step::add(Sequence & seq, int32_t n_tokens) {
    BatchRow added = row(seq.holding->table, seq.tokens, n_tokens, seq.slot);
    added.request = seq.id;
    added.sample = added.n_past + n_tokens == seq.n_tokens();
    added.scored = seq.scored && added.n_past + 1 < seq.n_prompt;
    added.first = !seq.slot_started;
    add(added, n_tokens == 1 && added.sample, *seq.holding);
}

void Step::add_drafts(Sequence & seq, const Draft & draft) {
    const auto of_it = [&](const BatchRow & row) { return row.request == seq.id; };
    BatchRow & grown = *std::find_if(batch_.rows.begin(), batch_.rows.end(), of_it);
    seq.draft_kind = draft.kind;
    seq.with_drafts.assign(grown.tokens, grown.tokens + grown.n_tokens);
    seq.with_drafts.insert(seq.with_drafts.end(), draft.tokens.begin(), draft.tokens.begin() + draft.n);
    grown.tokens = seq.with_drafts.data();
    grown.n_tokens += draft.n;
    grown.n_drafts = draft.n;
    grown.pages = seq.holding->table.pages().data();
    grown.n_pages = static_cast<int32_t>(seq.holding->table.pages().size());
    batch_.n_tokens += draft.n;
    n_drafts_ += draft.n;
}

void Step::add_ahead(const Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens, SlotId slot,
                     ProgramId program) {
    BatchRow added = row(holding.table, tokens, n_tokens, slot);
    added.ahead = program;
    added.first = true;
    add(added, false, holding);
}

void Step::clear() {
    batch_.clear();
    shape_ = {};
    n_drafts_ = 0;
    in_flight = false;
}

bool Step::has(RequestId id) const {
    return std::any_of(batch_.rows.begin(), batch_.rows.end(), [&](const BatchRow & row) { return row.request == id; });
}

}  // namespace banyan
