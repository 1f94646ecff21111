#include "core/steps/lookahead.h"

#include <utility>

namespace banyan {

/**
 * Where computing ahead ends. With recurrent layers before the last token: a prompt that is no longer can go on from
 * there, as its last token must be computed, and a longer one as well.
 */
int32_t Lookahead::last_token(const std::vector<Token> & tokens) const {
    return static_cast<int32_t>(tokens.size()) - (cache_.has_states() ? 1 : 0);
}

void Lookahead::remember_next_prompt(Program & p, const Hint & hint) {
    const int32_t n_tokens = static_cast<int32_t>(hint.tokens.size());
    if (!on_ || !p.active || n_tokens >= max_context_ || p.next->end() >= last_token(hint.tokens)) return;
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
        const int32_t n_tokens = last_token(known.tokens);
        auto holding = cache_.hold(known.salt);
        holding->lock.owner = known.program;
        const int32_t cached = cache_.acquire(*holding, known.tokens, n_tokens);
        const int32_t n = pace.ahead(cached, n_tokens - cached);
        const bool has_row = n > 0 && (!cache_.has_states() || cache_.take_state(*holding, cached + n, NodeKind::next));
        const bool has_room = has_row && cache_.make_free(holding->table.pages_needed(n), NodeKind::finished) &&
                              cache_.reserve(*holding, n, step.copies());
        if (!has_room) {
            cache_.release(*holding);
            continue;
        }
        step.add_ahead(*holding, known.tokens, n, slot, known.program);
        log_.write(0, known.program, decision::Ahead{n, n_tokens - cached - n});
        chunk_ = std::make_unique<Chunk>(Chunk{std::move(known), std::move(holding), true});
    }
}

void Lookahead::lose_states(const std::set<StateId> & states) {
    if (chunk_ && states.count(chunk_->holding->saving) > 0) cache_.drop_saving(*chunk_->holding);
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
    cache_.end_load(holding);
    cache_.attach_state(holding);
    if (done->wanted) {
        Program & p = *programs_.find(done->known.program);
        p.computed_tokens += n_tokens;
        cache_.mark(*p.next, holding);
        if (done->known.rolled > 0) cache_.drop_state(done->known.salt, done->known.tokens, done->known.rolled);
        done->known.rolled = cache_.has_states() ? holding.table.n_written() : 0;
        if (holding.table.n_written() < last_token(done->known.tokens)) {
            known_.add(std::move(done->known));
        }
    }
    cache_.release(holding);
}

}  // namespace banyan
