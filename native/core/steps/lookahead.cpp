#include "core/steps/lookahead.h"

#include <utility>

namespace banyan {

void Lookahead::remember_next_prompt(Program & p, const Hint & hint) {
    const int32_t n_tokens = static_cast<int32_t>(hint.tokens.size());
    if (!on_ || !p.active || n_tokens >= max_context_ || p.next->end() == n_tokens) return;
    known_.add({p.program, hint.salt, hint.tokens, hint.steps, next_hint_++});
}

void Lookahead::forget(Program & p) {
    if (p.next) cache_.unmark(*p.next);
    p.next.reset();
    known_.drop(p.program);
    if (chunk_ && chunk_->known.program == p.program) chunk_->wanted = false;
}

void Lookahead::plan(Step & step, const StepPace & pace, SlotId slot) {
    while (step.empty() && !known_.empty()) {
        KnownPrefix known = known_.pop();
        const int32_t n_tokens = static_cast<int32_t>(known.tokens.size());
        auto holding = cache_.hold(known.salt);
        holding->lock.owner = known.program;
        const int32_t cached = cache_.acquire(*holding, known.tokens, n_tokens);
        const int32_t n = pace.ahead(cached, n_tokens - cached);
        const bool has_room = n > 0 && cache_.make_free(holding->table.pages_needed(n), NodeKind::finished) &&
                              cache_.reserve(*holding, n, step.copies());
        if (!has_room) {
            cache_.release(*holding);
            continue;
        }
        step.add_ahead(holding->table, known.tokens, n, slot, known.program);
        log_.write(0, known.program, decision::Ahead{n, n_tokens - cached - n});
        chunk_ = std::make_unique<Chunk>(Chunk{std::move(known), std::move(holding), true});
    }
}

void Lookahead::commit(int32_t n_tokens, bool failed) {
    const std::unique_ptr<Chunk> done = std::move(chunk_);
    Holding & holding = *done->holding;
    if (failed) {
        cache_.revert(holding);
        return cache_.release(holding);
    }
    cache_.confirm(holding);
    cache_.commit(holding, done->known.tokens);
    if (done->wanted) {
        Program & p = *programs_.find(done->known.program);
        p.computed_tokens += n_tokens;
        cache_.mark(*p.next, holding);
        if (holding.table.n_written() < static_cast<int32_t>(done->known.tokens.size())) {
            known_.add(std::move(done->known));
        }
    }
    cache_.release(holding);
}

}  // namespace banyan
