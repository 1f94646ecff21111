// How many steps took how long, and how many had how many tokens: histograms that are never reset.
//
// Owns: their counts. Changed by: add. Thread: the engine thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/types.h"
#include "core/words.h"

namespace banyan {

/** Counts by bucket; those above the last bound are in `more`. A name is a bound, in milliseconds or tokens. */
template <typename Buckets>
struct Histogram {
    static constexpr size_t kBounds = Buckets::bounds.size();
    std::array<uint64_t, kBounds + 1> counts{};

    void add(int64_t value) {
        size_t i = 0;
        while (i < kBounds && value > Buckets::bounds[i]) ++i;
        ++counts[i];
    }

    template <typename See>
    void each_field(See && see) const {
        for (size_t i = 0; i < kBounds; ++i) see(Buckets::names[i], counts[i]);
        see("more", counts[kBounds]);
    }
};

/** Microseconds; the names are milliseconds. */
struct TimeBuckets {
    static constexpr auto names =
        words("0.5", "1", "2.5", "5", "10", "25", "50", "75", "100", "250", "500", "1000", "5000");
    static constexpr std::array<int64_t, 13> bounds{500,    1'000,   2'500,   5'000,   10'000,    25'000,   50'000,
                                                    75'000, 100'000, 250'000, 500'000, 1'000'000, 5'000'000};
};

/** Those of vLLM's family. */
struct TokenBuckets {
    static constexpr auto names =
        words("1", "8", "16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192", "16384");
    static constexpr std::array<int64_t, 13> bounds{1,   8,     16,    32,    64,    128,   256,
                                                    512, 1'024, 2'048, 4'096, 8'192, 16'384};
};

struct StepCounts {
    Histogram<TimeBuckets> times;
    Histogram<TokenBuckets> tokens;
    uint64_t token_sum = 0;

    void add(Micros took, int32_t n_tokens) {
        times.add(took);
        tokens.add(n_tokens);
        token_sum += static_cast<uint64_t>(n_tokens);
    }
};

}  // namespace banyan
