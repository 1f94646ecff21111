// The tokens behind a workload's segments. Nothing is stored: a history of 100,000 tokens is drawn again when needed.
//
// Owns: nothing; reads a workload that outlives it. Thread: any.
// Invariant: the same call has the same tokens in every run and on every machine.
#pragma once

#include <vector>

#include "sim/workload.h"

namespace banyan::sim {

class PromptText {
  public:
    explicit PromptText(const Workload & workload) : workload_(&workload) {}

    std::vector<Token> prompt(CallIndex call) const;
    /** Token i of the call's forced output. */
    Token output(CallIndex call, int32_t i) const;
    int32_t prompt_tokens(CallIndex call) const;

  private:
    Token token(int64_t content, int32_t i) const;
    int64_t output_content(CallIndex call) const;

    const Workload * workload_;
};

}  // namespace banyan::sim
