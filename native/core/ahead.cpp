// The beginning of a prompt that is known to come is computed while nobody is there, so that its call finds it cached.
// It must cost nobody anything: only with no request live; in steps so short that whoever comes meanwhile is hardly due
// when they end; on pages that are free or that nobody is expected to go on from; and between two steps it holds none.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

/** A hint told the beginning of the program's next prompt, and it is marked as far as it is cached. */
void Scheduler::Impl::note_next(Program & p, const Hint & hint) {
    const int32_t n_tokens = static_cast<int32_t>(hint.tokens.size());
    const bool wanted = policy().compute_ahead && !fcfs() && config.prefix_reuse && p.active;
    if (!wanted || n_tokens >= config.max_context || p.next->end() == n_tokens) return;
    ahead.add({p.program, hint.salt, hint.tokens, hint.steps, next_known++});
}

/** Its call has come, or will not, or begins otherwise. */
void Scheduler::Impl::forget_next(Program & p) {
    if (p.next) cache.unmark(*p.next);
    p.next.reset();
    ahead.drop(p.program);
    if (computing && computing->known.program == p.program) computing->wanted = false;
}

/**
 * Prompt tokens that fit a step in which nobody but a call that comes meanwhile is kept waiting. At least one: a model
 * of the costs that is wrong for a moment must not give the prefix up, and no step is shorter.
 */
int32_t Scheduler::Impl::ahead_tokens(int32_t n_past, int32_t n_tokens) const {
    n_tokens = std::min(n_tokens, config.max_batch_tokens);
    if (!cost.calibrated()) return std::min(n_tokens, min_prefill());
    return std::max(within(n_past, n_tokens, {}, short_step(2), 1), std::min(n_tokens, 1));
}

/** One chunk of the known prompt that is wanted first. One that cannot be had so is left to its call. */
void Scheduler::Impl::plan_ahead() {
    while (batch.empty() && !ahead.empty()) {
        KnownPrefix known = ahead.pop();
        const int32_t n_tokens = static_cast<int32_t>(known.tokens.size());
        auto holding = cache.hold(known.salt);
        holding->lock.owner = known.program;
        const int32_t cached = cache.acquire(*holding, known.tokens, n_tokens);
        const int32_t n = ahead_tokens(cached, n_tokens - cached);
        const bool has_room = n > 0 && cache.make_free(holding->table.pages_needed(n), NodeKind::finished) &&
                              cache.reserve(*holding, n, batch.copies);
        if (!has_room) {
            cache.release(*holding);
            continue;
        }
        BatchRow row = row_of(holding->table, known.tokens, n, *free_slots.begin());
        row.ahead = known.program;
        row.first = true;
        shape.add_prefill(n, cached);
        batch.rows.push_back(row);
        batch.n_tokens = n;
        log(Decision::Kind::ahead, *programs.find(known.program), n, n_tokens - cached - n);
        computing = std::make_unique<Ahead>(Ahead{std::move(known), std::move(holding), true});
    }
}

/** The chunk is cached, and the program's mark moves to its end. A failed one is not tried again. */
void Scheduler::Impl::commit_ahead(bool failed) {
    const std::unique_ptr<Ahead> done = std::move(computing);
    Holding & holding = *done->holding;
    if (failed) {
        cache.revert(holding);
        return cache.release(holding);
    }
    const int32_t n = batch.n_tokens;
    cache.confirm(holding);
    cache.commit(holding, done->known.tokens);
    counters.prefill_tokens += n;
    if (done->wanted) {
        Program & p = *programs.find(done->known.program);
        p.computed_tokens += n;
        cache.mark(*p.next, holding);
        if (holding.table.n_written() < static_cast<int32_t>(done->known.tokens.size())) {
            ahead.add(std::move(done->known));
        }
    }
    cache.release(holding);
}

}  // namespace banyan
