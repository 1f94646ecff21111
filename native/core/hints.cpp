// What callers say about programs ahead of time.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

namespace {

constexpr size_t kMaxToolRuns = 64;  // tools of a program that run at once and are told apart

}  // namespace

/** All its tools are back: its next call is about to come. */
void Scheduler::Impl::near(Program & p) {
    if (fcfs()) return;
    programs.keep_until(p, std::max(p.keep_until, now + policy().keep_unknown));
    programs.set_demand(p, private_pages(p));
    set_keep(p, NodeKind::next);
}

HintError Scheduler::Impl::take_hint(ProgramId id, const Hint & hint) {
    using Kind = Hint::Kind;
    if (const HintError error = validate(hint); error != HintError::none) return error;
    end_retention();
    Program * p = programs.find(id);
    switch (hint.kind) {
        case Kind::abandoned: {
            std::vector<PathLock *> own;  // its own marks must not keep what it says it does not want
            if (p) {
                for (const auto & mark : p->marks) own.push_back(mark.get());
            }
            cache.abandon(hint.salt, hint.tokens, hint.from, own);
            return HintError::none;
        }
        case Kind::next_prefix: {
            if (p) forget_next(*p);
            auto mark = std::make_unique<PathLock>(hint.salt, Holder::tree);
            cache.mark(*mark, hint.tokens);  // whoever's it is: used now
            if (!p) {
                cache.unmark(*mark);
                return HintError::none;
            }
            mark->owner = id;
            p->next = std::move(mark);
            cache.set_keep(*p->next, NodeKind::next, hint.steps);
            if (p->live == 0 && p->active) {
                programs.keep_until(*p, std::max(p->keep_until, now + policy().next_step));
            }
            note_next(*p, hint);
            return HintError::none;
        }
        default:
            break;
    }
    if (!p) return HintError::unknown_program;
    switch (hint.kind) {
        case Kind::tool_started:
            if (p->tools.size() >= kMaxToolRuns) p->tools.erase(p->tools.begin());
            p->tools.push_back({hint.tool, now, hint.expected});
            break;
        case Kind::tool_ended: {
            const auto is_it = [&](const ToolRun & run) { return run.tool == hint.tool; };
            const auto run = std::find_if(p->tools.begin(), p->tools.end(), is_it);
            if (run == p->tools.end()) return HintError::unknown_tool;
            tools.of(run->tool).add(now - run->started);
            p->tools.erase(run);
            p->tool_ended = true;
            break;
        }
        case Kind::human:
            if (p->live == 0) p->phase = Phase::human;
            break;
        case Kind::finished:
            if (p->live == 0) {
                end_program(*p);
            } else {
                p->ending = true;
            }
            return HintError::none;
        default:
            break;
    }
    if (p->live > 0 || !p->active) return HintError::none;
    if (p->tools.empty() && p->tool_ended) {
        near(*p);
    } else {
        retain(*p);
    }
    return HintError::none;
}

}  // namespace banyan
