// What callers say about programs ahead of time.
#include <algorithm>

#include "core/scheduler/scheduler-impl.h"

namespace banyan {

/** The program's own marks must not keep the branch that it says it does not want. */
void Scheduler::Impl::abandon_branch(Program * p, const Hint & hint) {
    std::vector<PathLock *> own;
    if (p) {
        for (const auto & mark : p->marks) own.push_back(mark.get());
        if (p->boundary) own.push_back(p->boundary.get());
    }
    cache.abandon(hint.salt, hint.tokens, hint.from, own);
}

/** The prompt counts as used now, as far as it is cached; of a known program it is kept, and the rest computed ahead.
 */
void Scheduler::Impl::mark_next_prompt(Program * p, const Hint & hint) {
    if (p) lookahead.forget(*p);
    auto mark = std::make_unique<PathLock>(hint.salt, Holder::tree);
    cache.mark(*mark, hint.tokens);
    if (!p) {
        cache.unmark(*mark);
        return prefetch(nullptr, hint.salt, hint.root, hint.tokens);
    }
    mark->owner = p->program;
    p->next = std::move(mark);
    cache.set_keep(*p->next, NodeKind::next, hint.steps);
    if (p->live == 0 && p->active) programs.keep_until(*p, std::max(p->keep_until, now + policy().next_step));
    lookahead.remember_next_prompt(*p, hint);
    prefetch(p, hint.salt, hint.root, hint.tokens);
}

HintError Scheduler::Impl::apply_hint(ProgramId id, const Hint & hint) {
    using Kind = Hint::Kind;
    if (const HintError error = validate(hint); error != HintError::none) return error;
    idle.expire(now);
    Program * p = programs.find(id);
    const bool about_paths = hint.kind == Kind::abandoned || hint.kind == Kind::next_prefix;
    if (!p && !about_paths) return HintError::unknown_program;
    switch (hint.kind) {
        case Kind::abandoned:
            abandon_branch(p, hint);
            return HintError::none;
        case Kind::next_prefix:
            mark_next_prompt(p, hint);
            return HintError::none;
        case Kind::finished:
            if (p->live > 0) {
                p->ending = true;
            } else {
                idle.end(*p);
            }
            return HintError::none;
        case Kind::tool_started:
            idle.tool_started(*p, hint, now);
            if (hint.expected > 0) set_alarm(*p, now + hint.expected);
            break;
        case Kind::tool_ended:
            if (!idle.tool_ended(*p, hint.tool, now)) return HintError::unknown_tool;
            if (p->tools.empty()) prefetch_path(*p);
            break;
        case Kind::human:
            if (p->live == 0) p->phase = Phase::human;
            stores.want(*p, StoreReason::human);
            break;
    }
    // What it waits for has changed, and so has how long its pages are worth keeping.
    if (p->live > 0 || !p->active) return HintError::none;
    if (p->tools.empty() && p->tool_ended) {
        idle.mark_returning(*p, now);
    } else {
        idle.retain(*p, backlog.size(), now);
    }
    return HintError::none;
}

}  // namespace banyan
