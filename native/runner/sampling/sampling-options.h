// How one request wants its tokens chosen. Plain record; defaults are greedy and unconstrained.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/option.h"
#include "core/types.h"

namespace banyan {

constexpr float kMostBias = 100;
constexpr size_t kMostBiases = 1024;  // of a request

/** Is added to the token's logit. */
struct TokenBias {
    Token token;
    float bias;  // [-kMostBias, kMostBias]
};

struct SamplingOptions {
    float temperature = 0.0f;  // 0 = greedy
    int32_t top_k = 0;         // 0 = off
    float top_p = 1.0f;
    float min_p = 0.0f;
    float repeat_penalty = 1.0f;
    float frequency_penalty = 0.0f;
    float presence_penalty = 0.0f;
    int32_t penalty_last_n = 64;  // of the output, -1 = all of it; the prompt is not penalised
    int64_t seed = -1;            // -1 = random, else 32 bits
    int32_t logprobs = -1;        // top alternatives a token, -1 = none
    std::vector<TokenBias> biases;

    /** All but the biases. */
    template <typename See>
    void each_option(See && see) {
        see("temperature", temperature, Range{0, 100});
        see("top_k", top_k, Range{0, 1'000'000});
        see("top_p", top_p, Range{0, 1});
        see("min_p", min_p, Range{0, 1});
        see("repeat_penalty", repeat_penalty, Range{0.01, 100});
        see("frequency_penalty", frequency_penalty, Range{-100, 100});
        see("presence_penalty", presence_penalty, Range{-100, 100});
        see("penalty_last_n", penalty_last_n, Range{-1, 1 << 20});
        see("seed", seed, Range{-1, UINT32_MAX});
        see("logprobs", logprobs, Range{-1, 20});
    }

    /** llama.cpp's largest seed means "random" there: a caller who names that one gets its neighbour. */
    uint32_t llama_seed() const {
        return seed < 0 ? UINT32_MAX : static_cast<uint32_t>(std::min<int64_t>(seed, UINT32_MAX - 1));
    }
    bool penalised() const {
        return penalty_last_n != 0 && (repeat_penalty != 1.0f || frequency_penalty != 0.0f || presence_penalty != 0.0f);
    }
};

}  // namespace banyan
