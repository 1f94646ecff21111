// Tokens of a rendered chat. A special token counts where the template wrote it; in a message, a tool's result or its
// arguments the same characters are only text, so that typing them ends no turn and begins none.
//
// Owns: the vocabulary's special tokens by text. Changed by: nothing. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/types.h"

namespace banyan {

class Model;

/** Bytes [begin, end) of a text. */
struct TextSpan {
    size_t begin, end;
};

class ChatTokenizer {
  public:
    explicit ChatTokenizer(std::shared_ptr<const Model> model);

    /**
     * Of `input`, the spans (ascending, disjoint) that the template did not write: those inside which, or over whose
     * edge, a special token is spelt out. Nearly always none, and then the tokens are those of the text as a whole.
     */
    std::vector<TextSpan> literal(const std::string & text, const std::vector<TextSpan> & input) const;

    /**
     * `text` with its special tokens, except where they touch a span of `literal`. What lies between two special tokens
     * is tokenized as always: only the spelling of the span itself can differ.
     */
    std::vector<Token> tokenize(const std::string & text, const std::vector<TextSpan> & literal,
                                bool add_special) const;

  private:
    struct Special {
        std::string text;
        bool strips_right;  // takes the white space behind it
    };
    struct Match {
        TextSpan span;
        bool strips_right;
    };
    /** Every occurrence of a special token that begins in [begin, end). */
    void find(const std::string & text, size_t begin, size_t end, std::vector<Match> & out) const;
    std::vector<Match> real_specials(const std::string & text, const std::vector<TextSpan> & literal) const;

    std::shared_ptr<const Model> model_;
    std::vector<std::vector<Special>> by_first_byte_;  // [256]
    size_t longest_ = 0;
};

}  // namespace banyan
