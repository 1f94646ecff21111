// What the model had in itself at each token, by the page and cell where the token's K and V lie: what a head reads.
//
// Owns: the numbers, as bf16, in host memory that is resident once it was written; how many cells of each page have
// them. Changed by: follow, forget, write, learn. Thread: the engine thread. Invariant: what counts as known was
// computed for the tokens and the path that the page holds now.
#pragma once

#include <cstdint>
#include <memory>

#include "core/steps/batch.h"
#include "runner/drafting/page-reads.h"

namespace banyan {

class HiddenStates {
  public:
    /** width: numbers of a token. Throws Error OUT_OF_MEMORY. */
    HiddenStates(int32_t n_pages, int32_t page_tokens, int32_t width);
    ~HiddenStates();

    /** Bytes of so many tokens. */
    static int64_t bytes(int64_t n_tokens, int32_t width) { return n_tokens * width * 2; }

    /** The step copies pages; what it is going to write is not known any more. */
    void follow(const Batch & step);
    void forget(PageId page) { known_.forget(page); }
    /** The first n tokens of the path are known. */
    bool knows(const PageId * pages, int32_t n) const { return known_.covered(pages, n) == n; }
    /** Numbers [at, at + n) of the path's token. */
    void write(const PageId * pages, int32_t token, int32_t at, const float * values, int32_t n);
    /** Tokens [begin, end) were written whole. */
    void learn(const PageId * pages, int32_t begin, int32_t end);
    /** [width] of the path's token. */
    void read(const PageId * pages, int32_t token, float * out) const;

  private:
    uint16_t * place(const PageId * pages, int32_t token) const;

    struct Free {
        void operator()(uint16_t * numbers) const;
    };
    int32_t page_tokens_, width_;
    std::unique_ptr<uint16_t[], Free> numbers_;
    PageReads known_;
};

}  // namespace banyan
