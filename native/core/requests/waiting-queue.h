// One look at the backlog, in the order in which requests should start. Made anew at each step; most steps look at the
// first few.
//
// Owns: a heap of (rank, sequence) for each gate class, so that a closed gate does not hide requests of other classes.
// Changed by: add, order, next, close. Thread: the engine thread.
// Invariant: next() gives each sequence once, least rank first, except that of equal ranks which arrived within a span
// at most `window` are given in depth-first order of their prompts' tree, so that those that share pages run together.
// A rank only ever gets worse while the queue is in use (a program gets slots), so it is looked at again at the top.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/requests/sequence.h"
#include "core/requests/waiting-rank.h"

namespace banyan {

/** By which rule a request passes the gate. */
enum class GateClass : uint8_t {
    inside,       // its program is active already: no rule
    interactive,  // a watermark of its own, no window
    windowed,     // programs of the other classes: window and watermark
    single        // requests without a program: watermark
};
constexpr int kGateClasses = 4;

class WaitingQueue {
  public:
    using Rank = std::function<WaitingRank(const Sequence &)>;
    /** last: the prompt that was started last, before this look. */
    WaitingQueue(Rank rank, int32_t window, Micros span, const PromptKey & last)
        : rank_(std::move(rank)), window_(window), span_(span), last_(last) {}

    void add(Sequence & seq, GateClass gate_class);
    /** After the last add(). */
    void order();
    /** nullptr: no more. */
    Sequence * next();
    /** The gate is closed to this class now: none of them is given any more. */
    void close(GateClass gate_class);

  private:
    using Entry = std::pair<WaitingRank, Sequence *>;
    using Heap = std::vector<Entry>;
    static bool after(const Entry & a, const Entry & b) { return b.first < a.first; }
    Heap * best();
    static Entry pop(Heap & heap);
    void gather();

    Rank rank_;
    int32_t window_;
    Micros span_;
    std::array<Heap, kGateClasses> heaps_;
    const Heap * source_ = nullptr;  // of the run
    std::vector<Sequence *> run_;    // equal in rank, in order of arrival
    PromptKey last_;                 // of the request given last
};

}  // namespace banyan
