// How often drafts of each kind were right, token by token, whether or not the model was asked to check them.
//
// Owns: counts. Changed by: count. Thread: the engine thread. Invariant: a chance lies in (0, kCertain).
#pragma once

#include <array>
#include <cstdint>

#include "core/drafts/draft.h"

namespace banyan {

/** What is known of a drafted token beside its place. */
struct DraftMark {
    DraftKind kind;
    int32_t length;  // tokens before it that are the same
    int32_t votes;   // fifths of the matches that agree; of a second model: of its certainty, or kAnyVotes
};
constexpr int32_t kAnyVotes = 6;

class DraftScores {
  public:
    DraftScores();

    /** That the token at `place` of a draft is right, if all before it were, of kCertain. */
    int32_t chance(const DraftMark & mark, int32_t place) const;
    void count(const DraftMark & mark, int32_t place, bool right);

  private:
    static constexpr int kLengths = 8, kVotes = 7, kPlaces = 4;
    struct Cell {
        uint16_t right, tries;
    };
    static size_t index(const DraftMark & mark, int32_t place);

    std::array<Cell, static_cast<size_t>(kDraftKinds * kLengths * kVotes * kPlaces)> cells_;
};

}  // namespace banyan
