// Token sequences to build trees of: runs, and their concatenation.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace banyan::test {

using Tokens = std::vector<Token>;

/** n consecutive tokens. */
inline Tokens run(Token first, int32_t n) {
    Tokens tokens;
    for (int32_t i = 0; i < n; ++i) tokens.push_back(first + i);
    return tokens;
}

inline Tokens operator+(Tokens a, const Tokens & b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace banyan::test
