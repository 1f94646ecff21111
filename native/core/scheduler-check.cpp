// Is the scheduler's state what it says? Every slot, page and promise accounted for.
#include <set>

#include "core/scheduler-impl.h"

namespace banyan {

std::string Scheduler::Impl::check_integrity() const {
    std::string wrong = cache.check_integrity();
    if (!wrong.empty()) return wrong;
    wrong = programs.check_integrity();
    if (!wrong.empty()) return wrong;
    int32_t promised = 0, lifted = 0, unmovables = 0;
    std::set<SlotId> taken = free_slots;
    for (const Sequence * seq : running) {
        const std::string name = "request " + std::to_string(seq->id) + ": ";
        if (!seq->running()) return name + "runs without a holding";
        wrong = seq->holding->table.check_integrity();
        if (!wrong.empty()) return name + wrong;
        if (!taken.insert(seq->slot).second) return name + "shares its slot";
        if (seq->remaining() < 1 || seq->n_tokens() > seq->limit) return name + "has nothing left to compute";
        if (seq->usage.preemptions > kMaxPreemptions) return name + "preempted though protected";
        if (!in_flight && seq->holding->table.n_tokens() != seq->computed()) return name + "reserved outside of a step";
        promised += seq->holding->promised;
        unmovables += unmovable(*seq);
        lifted += seq->own_level < static_cast<int32_t>(seq->cls);
        if (!seq->program->active) return name + "runs though its program is not active";
    }
    for (const Sequence * seq : waiting) {
        if (seq->running() || seq->slot != kNoSlot) return "request " + std::to_string(seq->id) + ": waits with pages";
    }
    if (static_cast<int32_t>(taken.size()) != config.max_running) return "a slot is lost";
    if (unmovables != n_unmovable) return "unmovable requests miscounted";
    if (lifted != n_lifted) return "lifted requests miscounted";
    if (promised != cache.promised()) return "promised pages miscounted";
    if (waiting.size() + running.size() != sequences.size()) return "a request neither waits nor runs";
    return "";
}

}  // namespace banyan
