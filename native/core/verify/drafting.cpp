#include "core/verify/drafting.h"

#include <algorithm>

#include "core/drafts/drafter.h"

namespace banyan {

Drafting::Drafting(DraftMode mode, int32_t max_running)
    : mode_(mode),
      own_(mode == DraftMode::off ? nullptr : std::make_unique<Drafter>(max_running)),
      source_(own_.get()) {}

Drafting::~Drafting() = default;

bool Drafting::asks(bool may_check, const DraftStep & step) {
    if (model_ || mode_ == DraftMode::always) return true;
    if (may_check && (in_vain_ < kInVain || !control_.looks_count(step))) return true;
    return n_skipped_++ % kSampled == 0;
}

DraftChoice Drafting::choose(std::vector<Draft> & drafts, const DraftStep & step) {
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
    in_vain_ = choice.n > 0 ? 0 : std::min(in_vain_ + 1, kInVain);
    for (int32_t n = 0; n < choice.n; ++n) ++drafts[places[static_cast<size_t>(n)].draft].n;
    return choice;
}

void Drafting::add_model(DraftModel & model, const CostConstants & cost) {
    model_ = &model;
    modeling_.begin(cost);
    control_.add_model();
}

bool Drafting::may_ask_model(int32_t n_rows) const {
    return model_ && (mode_ == DraftMode::always || control_.may_ask_model(n_rows));
}

ModelPlan Drafting::plan_model(const std::vector<ModelCandidate> & candidates, const DraftStep & step) {
    if (mode_ == DraftMode::always) return ModelDrafting::plan_all(candidates);
    return modeling_.plan(candidates, step, control_);
}

DraftRests Drafting::commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took, ModelShare model,
                            int64_t foretelling) {
    model.spent = spent_;
    if (spent_ + foretelling > 0) took = std::max<Micros>(1, took - (spent_ + foretelling) / 1000);
    const DraftRests rests = control_.commit(step, n_drafts, n_right, took, model, foretelling);
    spent_ = 0;
    return mode_ == DraftMode::automatic ? rests : DraftRests{};
}

}  // namespace banyan
