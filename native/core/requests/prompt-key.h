// How much two prompts have in common, without comparing them: hashes of a few prefixes of each.
//
// Invariant: equal hash at place i = (almost surely) equal first kEnds[i] tokens. Only an order is made of it: a wrong
// answer would cost locality, never correctness.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/types.h"

namespace banyan {

class PromptKey {
  public:
    PromptKey() = default;
    PromptKey(Salt salt, const std::vector<Token> & prompt);

    /** Steps of kEnds that both share; 0: less than the first one. */
    int32_t shared(const PromptKey & other) const;

    static constexpr std::array<int32_t, 16> kEnds = {32,  64,   96,   128,  192,  256,  384,  512,
                                                      768, 1024, 1536, 2048, 3072, 4096, 6144, 8192};

  private:
    std::array<uint64_t, kEnds.size()> hashes_{};
    int32_t n_ = 0;
};

}  // namespace banyan
