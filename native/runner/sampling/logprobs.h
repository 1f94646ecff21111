// Log-probabilities of a row of logits before any sampler touched them.
#pragma once

#include <utility>
#include <vector>

#include "core/types.h"

namespace banyan {

class Logprobs {
  public:
    /** logits: [n_vocab]; keeps the `n_top` likeliest tokens, best first. */
    Logprobs(const float * logits, int32_t n_vocab, int32_t n_top);

    /** Of a token by its raw logit. */
    float of(float logit) const { return logit - log_sum_; }
    const std::vector<std::pair<Token, float>> & top() const { return top_; }  // token, logprob

  private:
    float log_sum_;  // log of the sum of exp(logit)
    std::vector<std::pair<Token, float>> top_;
};

}  // namespace banyan
