// Is the scheduler's state what it says? Every slot, page and promise accounted for.
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

std::string Scheduler::Impl::check_integrity() const {
    for (std::string wrong :
         {cache.check_integrity(), programs.check_integrity(), running.check_integrity(), loads.check_integrity()}) {
        if (!wrong.empty()) return wrong;
    }
    int32_t promised = 0;
    for (const Sequence * seq : running) {
        const std::string name = "request " + std::to_string(seq->id) + ": ";
        if (!seq->running()) return name + "runs without a holding";
        const std::string wrong = seq->holding->table.check_integrity();
        if (!wrong.empty()) return name + wrong;
        if (seq->remaining() < 1 || seq->n_tokens() > seq->limit) return name + "has nothing left to compute";
        if (seq->usage.preemptions > kMaxPreemptions) return name + "preempted though protected";
        if (!step.in_flight && seq->holding->table.n_tokens() != seq->computed()) {
            return name + "reserved outside of a step";
        }
        if (!seq->program->active) return name + "runs though its program is not active";
        promised += seq->holding->promised;
    }
    for (const Sequence * seq : backlog) {
        if (seq->running() || seq->slot != kNoSlot) return "request " + std::to_string(seq->id) + ": waits with pages";
    }
    if (promised != cache.promised()) return "promised pages miscounted";
    if (static_cast<size_t>(backlog.size() + running.size()) != sequences.size()) {
        return "a request neither waits nor runs";
    }
    return "";
}

}  // namespace banyan
