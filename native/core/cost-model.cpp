#include "core/cost-model.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr Picos kPicosPerMicro = 1'000'000;

}  // namespace

Micros CostModel::step(const StepShape & shape) const {
    const CostConstants & c = constants_;
    return (c.step + c.prefill * shape.prefill + c.pair * shape.pairs + c.context * shape.context +
            c.decode * shape.decodes) /
           kPicosPerMicro;
}

Micros CostModel::prefill(int64_t n_new, int64_t n_past) const {
    StepShape shape;
    shape.add_prefill(n_new, n_past);
    return (constants_.prefill * shape.prefill + constants_.pair * shape.pairs) / kPicosPerMicro;
}

Micros CostModel::transfer(int64_t n_tokens) const {
    if (constants_.bytes_per_milli <= 0) return kNever;
    return constants_.transfer + n_tokens * constants_.bytes_per_token * 1000 / constants_.bytes_per_milli;
}

Micros CostModel::restore(int64_t n_tokens, int64_t n_past, bool has_copy) const {
    const Micros computed = prefill(n_tokens, n_past);
    return has_copy ? std::min(computed, transfer(n_tokens)) : computed;
}

}  // namespace banyan
