// A copy of KV cells that a step needs before its rows run: the plain record from a block table to the runner.
#pragma once

#include "core/types.h"

namespace banyan {

/** Copy the first n_tokens cells of page src to page dst, in every layer. Copies of a step run in order. */
struct PageCopy {
    PageId src;
    PageId dst;
    int32_t n_tokens;
};

}  // namespace banyan
