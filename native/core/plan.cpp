// Which tokens go into the step: one for every decode first, then prefill chunks by rank in what is left of the budget.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

void Scheduler::Impl::plan_decodes() {
    std::vector<Sequence *> ready;  // one token from their logits: decodes, and prompts cached up to the last token
    bool prefills = false;
    for (Sequence * seq : running) {
        if (seq->remaining() == 1) {
            ready.push_back(seq);
        } else {
            prefills = true;
        }
    }
    int32_t budget = config.max_batch_tokens;
    if (prefills) budget -= std::min(kMinPrefill, std::max(1, budget / 4));
    if (static_cast<int32_t>(ready.size()) > budget) {
        // More decodes than fit: those that waited longest for their turn.
        const auto waited_longer = [](const Sequence * a, const Sequence * b) {
            return a->last_step != b->last_step ? a->last_step < b->last_step : a->admission < b->admission;
        };
        std::sort(ready.begin(), ready.end(), waited_longer);
        ready.resize(std::max(0, budget));
    }
    // Best first, so that whoever has to be preempted for a page is not in the batch yet.
    std::sort(ready.begin(), ready.end(), runs_before);
    for (Sequence * seq : ready) {
        if (seq->running() && grow(*seq)) add_row(*seq, 1);
    }
}

void Scheduler::Impl::plan_prefills() {
    std::vector<Sequence *> open;
    for (Sequence * seq : running) {
        if (seq->remaining() > 1) open.push_back(seq);
    }
    std::sort(open.begin(), open.end(), runs_before);
    for (Sequence * seq : open) {
        const int32_t n_tokens = std::min(seq->remaining(), config.max_batch_tokens - batch.n_tokens);
        if (n_tokens == 0) return;
        // Its pages were promised at admission.
        if (cache.reserve(*seq->holding, n_tokens, batch.copies)) add_row(*seq, n_tokens);
    }
}

/** Puts reserved tokens into the batch. */
void Scheduler::Impl::add_row(Sequence & seq, int32_t n_tokens) {
    const BlockTable & table = seq.holding->table;
    BatchRow row;
    row.request = seq.id;
    row.slot = seq.slot;
    row.n_past = table.n_written();
    row.tokens = seq.tokens.data() + row.n_past;
    row.n_tokens = n_tokens;
    row.pages = table.pages().data();
    row.n_pages = static_cast<int32_t>(table.pages().size());
    row.sample = row.n_past + n_tokens == seq.n_tokens();
    row.first = !seq.slot_started;
    if (seq.remaining() == n_tokens && n_tokens == 1) {
        shape.add_decode(row.n_past);
    } else {
        shape.add_prefill(n_tokens, row.n_past);
    }
    batch.rows.push_back(row);
    batch.n_tokens += n_tokens;
}

}  // namespace banyan
