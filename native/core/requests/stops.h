// Where the chunks of a prompt must end, so that the state of recurrent layers can be saved there.
//
// Owns: the places. Changed by: add, pass, clear. Thread: the engine thread.
// Invariant: ascending, no two the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/memory/radix-node.h"

namespace banyan {

class Stops {
  public:
    struct Stop {
        int32_t end;    // tokens of the prompt before it
        NodeKind kind;  // what its state is worth keeping for
    };

    void add(int32_t end, NodeKind kind) {
        const auto before = [](const Stop & stop, int32_t at) { return stop.end < at; };
        const auto it = std::lower_bound(stops_.begin(), stops_.end(), end, before);
        if (it != stops_.end() && it->end == end) {
            it->kind = std::max(it->kind, kind);
        } else {
            stops_.insert(it, {end, kind});
        }
    }
    /** Tokens [0, n_tokens) are computed. */
    void pass(int32_t n_tokens) {
        while (!stops_.empty() && stops_.front().end <= n_tokens) stops_.erase(stops_.begin());
    }
    void clear() { stops_.clear(); }

    /** nullptr: there is none. */
    const Stop * next() const { return stops_.empty() ? nullptr : &stops_.front(); }

  private:
    std::vector<Stop> stops_;
};

}  // namespace banyan
