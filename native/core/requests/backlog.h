// The requests that wait for a slot.
//
// Owns: their list in order of arrival (a preempted one comes last), and counts of them by class.
// Changed by: add, remove. Thread: the engine thread.
// Invariant: the counts, and each tenant's count of waiting requests, are those of the list.
#pragma once

#include <cstdint>
#include <vector>

#include "core/requests/sequence.h"
#include "core/types.h"

namespace banyan {

class Backlog {
  public:
    /** The wait begins. */
    void add(Sequence & seq, Micros now);
    /** The wait ends: the request starts or leaves. */
    void remove(Sequence & seq, Micros now);

    bool empty() const { return waiting_.empty(); }
    int32_t size() const { return static_cast<int32_t>(waiting_.size()); }
    const Sequence & first() const { return *waiting_.front(); }
    auto begin() const { return waiting_.begin(); }
    auto end() const { return waiting_.end(); }

    int32_t n(Class cls) const { return n_[cls]; }
    /** Their prompts' tokens that were not cached when they came. */
    int64_t uncached(Class cls) const { return uncached_[cls]; }
    /** The best class of which a request waits; kClasses: none does. */
    EffectiveClass best_class() const;

  private:
    std::vector<Sequence *> waiting_;
    PerClass<int32_t> n_{};
    PerClass<int64_t> uncached_{};
};

}  // namespace banyan
