#include "core/steps/ahead-queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace banyan {

void AheadQueue::add(KnownPrefix known) {
    drop(known.program);
    const auto later = [](const KnownPrefix & a, const KnownPrefix & b) {
        return std::tie(a.steps, a.order) > std::tie(b.steps, b.order);
    };
    prefixes_.insert(std::upper_bound(prefixes_.begin(), prefixes_.end(), known, later), std::move(known));
    if (prefixes_.size() > kMost) prefixes_.erase(prefixes_.begin());
}

void AheadQueue::drop(ProgramId program) {
    const auto of_program = [program](const KnownPrefix & known) { return known.program == program; };
    prefixes_.erase(std::remove_if(prefixes_.begin(), prefixes_.end(), of_program), prefixes_.end());
}

KnownPrefix AheadQueue::pop() {
    KnownPrefix first = std::move(prefixes_.back());
    prefixes_.pop_back();
    return first;
}

}  // namespace banyan
