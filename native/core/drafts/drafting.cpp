#include "core/drafts/drafting.h"

#include <algorithm>

#include "core/drafts/drafter.h"

namespace banyan {

Drafting::Drafting(DraftMode mode, int32_t max_running)
    : mode_(mode),
      own_(mode == DraftMode::off ? nullptr : std::make_unique<Drafter>(max_running)),
      source_(own_.get()) {}

Drafting::~Drafting() = default;

void Drafting::cut(std::vector<Draft> & drafts, int32_t most) {
    struct Place {
        int32_t chance;
        size_t draft;
    };
    std::vector<Place> places;  // along a draft chances fall, so that its first tokens come first
    for (size_t d = 0; d < drafts.size(); ++d) {
        for (int32_t i = 0; i < drafts[d].n; ++i) places.push_back({drafts[d].chance[i], d});
        drafts[d].n = 0;
    }
    std::stable_sort(places.begin(), places.end(),
                     [](const Place & a, const Place & b) { return a.chance > b.chance; });
    const auto n_kept = std::min(static_cast<int32_t>(places.size()), std::max(0, most));
    for (int32_t n = 0; n < n_kept; ++n) ++drafts[places[static_cast<size_t>(n)].draft].n;
}

}  // namespace banyan
