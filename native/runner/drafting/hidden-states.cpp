#include "runner/drafting/hidden-states.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "ggml.h"
#include "runner/error.h"

namespace banyan {

static_assert(sizeof(ggml_bf16_t) == sizeof(uint16_t));

HiddenStates::HiddenStates(int32_t n_pages, int32_t page_tokens, int32_t width)
    : page_tokens_(page_tokens),
      width_(width),
      // Zeros that the system hands out at the first write: a pool that is never full takes less.
      numbers_(static_cast<uint16_t *>(
          std::calloc(static_cast<size_t>(n_pages) * page_tokens, sizeof(uint16_t) * static_cast<size_t>(width)))),
      known_(n_pages, page_tokens) {
    if (!numbers_) throw Error("OUT_OF_MEMORY", "not enough memory for the hidden states of the pool's tokens");
}

HiddenStates::~HiddenStates() = default;

void HiddenStates::Free::operator()(uint16_t * numbers) const {
    std::free(numbers);
}

uint16_t * HiddenStates::place(const PageId * pages, int32_t token) const {
    const int64_t cell = int64_t{pages[token / page_tokens_]} * page_tokens_ + token % page_tokens_;
    return numbers_.get() + cell * width_;
}

void HiddenStates::follow(const Batch & step) {
    for (const PageCopy & copy : step.copies) {
        std::memcpy(place(&copy.dst, 0), place(&copy.src, 0),
                    static_cast<size_t>(bytes(copy.n_tokens, width_)));
    }
    known_.follow(step);
}

void HiddenStates::write(const PageId * pages, int32_t token, int32_t at, const float * values, int32_t n) {
    ggml_fp32_to_bf16_row(values, reinterpret_cast<ggml_bf16_t *>(place(pages, token) + at), n);
}

void HiddenStates::learn(const PageId * pages, int32_t begin, int32_t end) {
    if (knows(pages, begin)) known_.read(pages, begin, end);
}

void HiddenStates::read(const PageId * pages, int32_t token, float * out) const {
    ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t *>(place(pages, token)), out, width_);
}

}  // namespace banyan
