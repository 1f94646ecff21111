#include "core/costs/cost-model.h"

namespace banyan {

namespace {

constexpr Picos kPicosPerMicro = 1'000'000;

}  // namespace

Micros CostModel::step(const StepShape & shape) const {
    const CostConstants & c = constants_;
    return (c.step * graphs(shape) + c.prefill * shape.prefill + c.pair * shape.pairs + c.context * shape.context +
            c.decode * shape.decodes + c.state * shape.copies) /
           kPicosPerMicro;
}

Micros CostModel::prefill(int64_t n_new, int64_t n_past) const {
    StepShape shape;
    shape.add_prefill(n_new, n_past);
    return (constants_.prefill * shape.prefill + constants_.pair * shape.pairs) / kPicosPerMicro;
}

}  // namespace banyan
