#include "core/requests/waiting-queue.h"

#include <algorithm>
#include <cstdlib>

namespace banyan {

void WaitingQueue::add(Sequence & seq, GateClass gate_class) {
    heaps_[static_cast<size_t>(gate_class)].emplace_back(rank_(seq), &seq);
}

void WaitingQueue::order() {
    for (Heap & heap : heaps_) std::make_heap(heap.begin(), heap.end(), after);
}

void WaitingQueue::close(GateClass gate_class) {
    Heap & heap = heaps_[static_cast<size_t>(gate_class)];
    if (source_ == &heap) run_.clear();
    heap.clear();
}

/** The heap with the least rank on top, looked at again; nullptr: all are empty. */
WaitingQueue::Heap * WaitingQueue::best() {
    for (;;) {
        Heap * best = nullptr;
        for (Heap & heap : heaps_) {
            if (!heap.empty() && (!best || heap.front().first < best->front().first)) best = &heap;
        }
        if (!best) return nullptr;
        const WaitingRank fresh = rank_(*best->front().second);
        if (!(best->front().first < fresh)) return best;
        Entry entry = pop(*best);
        entry.first = fresh;
        best->push_back(entry);
        std::push_heap(best->begin(), best->end(), after);
    }
}

WaitingQueue::Entry WaitingQueue::pop(Heap & heap) {
    std::pop_heap(heap.begin(), heap.end(), after);
    const Entry entry = heap.back();
    heap.pop_back();
    return entry;
}

/** The next run of equals of one gate class. */
void WaitingQueue::gather() {
    Heap * heap = best();
    if (!heap) return;
    const Entry first = pop(*heap);
    source_ = heap;
    run_.push_back(first.second);
    // Few run above their class: once this one does, the rank of the next is another.
    if (first.first.effective_class < static_cast<uint8_t>(first.second->cls)) return;
    while (static_cast<int32_t>(run_.size()) < window_ && best() == heap) {
        const auto & [rank, seq] = heap->front();
        if (!rank.equals(first.first) || std::abs(seq->wait_since - first.second->wait_since) > span_) return;
        // A program's second call comes after the first ones of others: its rank gets worse once its first one runs.
        const auto same = [program = seq->program](const Sequence * other) { return other->program == program; };
        if (std::any_of(run_.begin(), run_.end(), same)) return;
        run_.push_back(pop(*heap).second);
    }
}

Sequence * WaitingQueue::next() {
    if (run_.empty()) gather();
    if (run_.empty()) return nullptr;
    // Depth first: after the last one comes the one that shares most with it; among equals the first to arrive.
    auto chosen = run_.begin();
    if (run_.size() > 1) {
        chosen = std::max_element(run_.begin(), run_.end(), [&](const Sequence * a, const Sequence * b) {
            return last_.shared(a->prompt_key) < last_.shared(b->prompt_key);
        });
    }
    Sequence * seq = *chosen;
    last_ = seq->prompt_key;
    run_.erase(chosen);
    return seq;
}

}  // namespace banyan
