// How many tokens it takes to bring a grammar to an end, from any place in it: an upper bound, from tokens of one byte.
//
// Owns: a number for each rule. Changed by: nothing. Thread: any. Invariant: where `rest` is below kNever, some byte
// that has a token of its own makes it smaller by one.
#pragma once

#include <cstdint>
#include <vector>

struct llama_grammar;
struct llama_grammar_element;

namespace banyan {

class Model;

class CompletionCost {
  public:
    /** More than any answer has; sums of it do not overflow. */
    static constexpr int32_t kNever = 1 << 28;

    CompletionCost(const Model & model, const llama_grammar & grammar);

    /** From this element to the end of its sequence, in this grammar or a copy of it. */
    int32_t rest(const llama_grammar_element * from) const;
    /** From behind this element. */
    int32_t rest_behind(const llama_grammar_element * element) const;
    /** Most that the rest may grow with one character, beside kNever: alternatives longer than the shortest. */
    int32_t growth() const { return growth_; }

    static int32_t sum(int32_t a, int32_t b) { return a + b < kNever ? a + b : kNever; }

  private:
    void solve(const llama_grammar & grammar);
    int32_t of_character(const llama_grammar_element * from) const;
    int32_t of_code_point(uint32_t code_point) const;

    std::vector<bool> has_token_;  // by byte
    std::vector<int32_t> rules_;   // by rule
    int32_t growth_ = 0;
};

}  // namespace banyan
