#include "core/memory/state-pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace banyan {

StatePool::StatePool(int32_t n_states) : refs_(n_states, 0) {
    for (StateId state = n_states - 1; state >= 0; --state) free_.push_back(state);
}

StateId StatePool::alloc() {
    if (free_.empty()) return kNoState;
    const StateId state = free_.back();
    free_.pop_back();
    refs_[state] = 1;
    return state;
}

void StatePool::unref(StateId state) {
    assert(refs_[state] > 0);
    if (--refs_[state] > 0) return;
    free_.push_back(state);
    const auto into_it = [state](const StateCopy & copy) { return copy.state == state; };
    owed_.erase(std::remove_if(owed_.begin(), owed_.end(), into_it), owed_.end());
}

std::vector<StateCopy> StatePool::take_owed() {
    under_way_ = owed_;
    return std::exchange(owed_, {});
}

bool StatePool::is_saved(StateId state) const {
    const auto into_it = [state](const StateCopy & copy) { return copy.state == state; };
    return std::none_of(owed_.begin(), owed_.end(), into_it) &&
           std::none_of(under_way_.begin(), under_way_.end(), into_it);
}

std::string StatePool::check_integrity() const {
    std::vector<bool> is_free(refs_.size(), false);
    for (const StateId state : free_) {
        if (is_free[state]) return "state " + std::to_string(state) + " is twice in the free list";
        is_free[state] = true;
    }
    for (StateId state = 0; state < n_states(); ++state) {
        if (is_free[state] != (refs_[state] == 0)) {
            return "state " + std::to_string(state) + " is free and referenced, or neither";
        }
    }
    for (const StateCopy & copy : owed_) {
        if (refs_[copy.state] == 0) return "a copy is owed to state " + std::to_string(copy.state) + ", which is free";
    }
    return "";
}

}  // namespace banyan
