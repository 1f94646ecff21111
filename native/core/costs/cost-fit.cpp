#include "core/costs/cost-fit.h"

#include <algorithm>

namespace banyan {

namespace {

__extension__ typedef __int128 Wide;

constexpr int kSweeps = 16;
constexpr int64_t kPicosPerMicro = 1'000'000;

}  // namespace

bool CostFit::observe(CostModel & model, const StepShape & shape, Micros took) {
    if (took <= 0) return false;  // a clock that stands still tells nothing
    samples_[n_ % kWindow] = {
        {model.graphs(shape), shape.prefill, shape.pairs, shape.context, shape.decodes, shape.copies}, took};
    ++n_;
    if (n_ % kEvery != 0) return false;
    fit(model);
    return true;
}

void CostFit::fit(CostModel & model) const {
    CostConstants fitted = model.constants();
    const std::array<Picos *, 6> constants = {&fitted.step,    &fitted.prefill, &fitted.pair,
                                              &fitted.context, &fitted.decode,  &fitted.state};
    const size_t n = std::min(n_, kWindow);
    std::array<Picos, kWindow> left;      // measured - predicted
    std::array<int64_t, kWindow> weight;  // ~ 1 / measured^2
    for (size_t i = 0; i < n; ++i) {
        const Sample & sample = samples_[i];
        left[i] = sample.took * kPicosPerMicro;
        for (size_t j = 0; j < 6; ++j) left[i] -= *constants[j] * sample.x[j];
        const Wide square = static_cast<Wide>(sample.took) * sample.took;
        weight[i] = static_cast<int64_t>(std::max<Wide>(1, 1'000'000'000'000 / square));
    }
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        for (size_t j = 0; j < 6; ++j) {
            Wide along = 0, length = 0;
            for (size_t i = 0; i < n; ++i) {
                const Wide x = samples_[i].x[j];
                along += x * left[i] * weight[i];
                length += x * x * weight[i];
            }
            if (length == 0) continue;
            const Picos before = *constants[j];
            *constants[j] = std::max<Picos>(0, before + static_cast<Picos>(along / length));
            const Picos change = *constants[j] - before;
            for (size_t i = 0; i < n; ++i) left[i] -= change * samples_[i].x[j];
        }
    }
    model.set(fitted);
}

}  // namespace banyan
