#include "runner/sampling/logprobs.h"

#include <algorithm>
#include <cmath>

namespace banyan {

Logprobs::Logprobs(const float * logits, int32_t n_vocab, int32_t n_top) {
    const float max = *std::max_element(logits, logits + n_vocab);
    double sum = 0;
    for (int32_t i = 0; i < n_vocab; ++i) sum += std::exp(logits[i] - max);
    log_sum_ = max + static_cast<float>(std::log(sum));

    // A heap of the best n_top seen so far, the worst of them at the front.
    const auto better = [](const auto & a, const auto & b) {
        return a.second > b.second || (a.second == b.second && a.first < b.first);
    };
    for (Token token = 0; token < n_vocab && n_top > 0; ++token) {
        const std::pair<Token, float> entry{token, of(logits[token])};
        if (top_.size() == static_cast<size_t>(n_top)) {
            if (!better(entry, top_.front())) continue;
            std::pop_heap(top_.begin(), top_.end(), better);
            top_.pop_back();
        }
        top_.push_back(entry);
        std::push_heap(top_.begin(), top_.end(), better);
    }
    std::sort_heap(top_.begin(), top_.end(), better);
}

}  // namespace banyan
