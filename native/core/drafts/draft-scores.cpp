#include "core/drafts/draft-scores.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr uint16_t kHalve = 1024;  // tries after which old ones count half

}  // namespace

/** At first a match is believed the more the longer it is and the more of them agree, a model as far as it is sure. */
DraftScores::DraftScores() {
    for (int kind = 0; kind < kDraftKinds; ++kind) {
        for (int length = 0; length < kLengths; ++length) {
            for (int votes = 0; votes < kVotes; ++votes) {
                for (int place = 0; place < kPlaces; ++place) {
                    const bool is_model = kind == static_cast<int>(DraftKind::model);
                    const int sure = votes == kAnyVotes ? 5 : 2 + 7 * votes / 5;
                    const int believed = is_model ? sure : std::min(9, 2 + length + votes / 2);
                    const size_t at =
                        static_cast<size_t>(((kind * kLengths + length) * kVotes + votes) * kPlaces + place);
                    cells_[at] = {static_cast<uint16_t>(believed), 10};
                }
            }
        }
    }
}

size_t DraftScores::index(const DraftMark & mark, int32_t place) {
    const int32_t length = std::clamp(mark.length / 2, 0, kLengths - 1);
    const int32_t votes = std::clamp(mark.votes, 0, kVotes - 1);
    const int32_t at = place < 2 ? place : place < 6 ? 2 : 3;
    return static_cast<size_t>(((static_cast<int32_t>(mark.kind) * kLengths + length) * kVotes + votes) * kPlaces + at);
}

int32_t DraftScores::chance(const DraftMark & mark, int32_t place) const {
    const Cell & cell = cells_[index(mark, place)];
    return kCertain * (2 * cell.right + 1) / (2 * cell.tries + 2);
}

void DraftScores::count(const DraftMark & mark, int32_t place, bool right) {
    Cell & cell = cells_[index(mark, place)];
    ++cell.tries;
    cell.right = static_cast<uint16_t>(cell.right + right);
    if (cell.tries < kHalve) return;
    cell.tries /= 2;
    cell.right /= 2;
}

}  // namespace banyan
