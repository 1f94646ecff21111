#include "core/requests/backlog.h"

#include <algorithm>

namespace banyan {

void Backlog::add(Sequence & seq, Micros now) {
    seq.wait_since = now;
    waiting_.push_back(&seq);
    ++n_[seq.cls];
    uncached_[seq.cls] += seq.uncached;
    ++seq.tenant->waiting;
    ++seq.tenant->waiting_of[seq.cls];
}

void Backlog::remove(Sequence & seq, Micros now) {
    seq.waited += now - seq.wait_since;
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &seq));
    --n_[seq.cls];
    uncached_[seq.cls] -= seq.uncached;
    --seq.tenant->waiting;
    --seq.tenant->waiting_of[seq.cls];
}

EffectiveClass Backlog::best_class() const {
    const auto some = std::find_if(n_.begin(), n_.end(), [](int32_t n) { return n > 0; });
    return static_cast<EffectiveClass>(some - n_.begin());
}

}  // namespace banyan
