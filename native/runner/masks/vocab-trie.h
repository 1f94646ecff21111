// The texts of a vocabulary as a tree of characters, so that what a grammar refuses is refused once for all tokens that
// begin with it.
//
// Owns: the tree. Changed by: nothing. Thread: any. Invariant: every token is in exactly one of: a node (its text is
// whole characters, or they and the beginning of one more), `tails`, `ends`, or nowhere (no grammar ever admits it).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/types.h"
#include "runner/masks/character-kinds.h"

struct llama_vocab;

namespace banyan {

class VocabTrie {
  public:
    /** One character of the path from the root, in the order of a walk; node 0 is the root, of no character. */
    struct Node {
        uint32_t character;
        int32_t depth;
        int32_t end;     // the first node that is not below this one
        int32_t tokens;  // into tokens(): those whose text ends here, up to the next node's
        int32_t halves;  // into halves(): those that go on with a part of a character, up to the next node's
        int32_t below;   // into below(); 0: few nodes are
    };
    /** A token whose last character is cut: its bits so far, and how many bytes are missing. */
    struct Half {
        Token token;
        uint32_t bits;
        int32_t missing;
    };
    /** What is below a node: the kinds of its characters, cut ones too, and of how many the longest path is. */
    struct Below {
        CharacterKinds kinds = 0;
        int32_t deep = 0;
    };

    explicit VocabTrie(const llama_vocab * vocab);

    /** Some token's text begins with this and is longer. */
    bool continues(const std::string & text) const;

    int32_t vocab_size() const { return vocab_size_; }
    /** One more than there are, so that every node has a next. */
    const std::vector<Node> & nodes() const { return nodes_; }
    const std::vector<Token> & tokens() const { return tokens_; }
    const std::vector<Half> & halves() const { return halves_; }
    const std::vector<Below> & below() const { return below_; }
    /** Tokens that begin in the middle of a character. */
    const std::vector<Token> & tails() const { return tails_; }
    /** End-of-generation tokens. */
    const std::vector<Token> & ends() const { return ends_; }
    /** Of the deepest node. */
    int32_t depth() const { return depth_; }

  private:
    void look_below();

    int32_t vocab_size_, depth_ = 0;
    std::vector<Node> nodes_;
    std::vector<Token> tokens_, tails_, ends_;
    std::vector<Half> halves_;
    std::vector<Below> below_;
};

}  // namespace banyan
