#include "core/activity/demand.h"

namespace banyan {

int32_t Demand::expected(const Sequence & seq) const {
    const Program & p = *seq.program;
    const int32_t n_tokens = std::min(seq.n_tokens() + output_length_, seq.most_computed());
    const int32_t shared = p.calls > 0 ? p.shared : seq.n_tokens() - seq.uncached;
    return pages_for(n_tokens, page_tokens_) - std::min(shared, n_tokens) / page_tokens_;
}

}  // namespace banyan
