#include "core/drafts/drafting.h"

#include <algorithm>

#include "core/drafts/drafter.h"

namespace banyan {

Drafting::Drafting(DraftMode mode, int32_t max_running)
    : mode_(mode),
      own_(mode == DraftMode::off ? nullptr : std::make_unique<Drafter>(max_running)),
      source_(own_.get()) {}

Drafting::~Drafting() = default;

DraftChoice Drafting::choose(std::vector<Draft> & drafts, const DraftStep & step) const {
    struct Place {
        int32_t chance;
        size_t draft;
    };
    std::vector<Place> places;  // chances fall along a draft, so those that are kept are its first ones
    for (size_t d = 0; d < drafts.size(); ++d) {
        for (int32_t i = 0; i < drafts[d].n; ++i) places.push_back({drafts[d].chance[i], d});
        drafts[d].n = 0;
    }
    std::stable_sort(places.begin(), places.end(),
                     [](const Place & a, const Place & b) { return a.chance > b.chance; });
    DraftChoice choice;
    if (mode_ == DraftMode::always) {
        choice.n = std::min(static_cast<int32_t>(places.size()), std::max(0, step.most));
    } else {
        std::vector<int32_t> chances;
        for (const Place & place : places) chances.push_back(place.chance);
        choice = control_.choose(chances, step);
    }
    for (int32_t n = 0; n < choice.n; ++n) ++drafts[places[static_cast<size_t>(n)].draft].n;
    return choice;
}

bool Drafting::commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took) {
    return control_.commit(step, n_drafts, n_right, took) && mode_ == DraftMode::automatic;
}

}  // namespace banyan
