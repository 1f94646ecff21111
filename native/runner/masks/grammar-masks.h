// Which tokens a grammar admits where: a walk of the vocabulary's texts, done once for each place.
//
// Owns: places and masks of one grammar, for all its copies. Changed by: refuse. Thread: any. Invariant: a mask is what
// llama_grammar_apply would say, token by token; where the walk would take too long, llama.cpp is asked.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "runner/masks/forced-run.h"
#include "runner/masks/grammar-places.h"
#include "runner/masks/vocab-trie.h"

namespace banyan {

class GrammarMasks {
  public:
    GrammarMasks(std::shared_ptr<const VocabTrie> trie, const llama_grammar & grammar);

    /**
     * Sets the logits, [vocab], of the tokens that may not come next to -infinity; false when no other is left. Throws
     * what llama.cpp throws for a grammar with too many ways to go on.
     */
    bool refuse(const llama_grammar & copy, const ElementNumbers & numbers, float * logits);

    /** What must be written next, see forced-run.h; '' while the grammar waits for its trigger or within a character.
     */
    std::string forced(const llama_grammar & copy, const ElementNumbers & numbers, const BlankStyle & style,
                       bool guess);

    /** Walks so far, nodes that they came to, and questions that llama.cpp had to answer. */
    struct Count {
        int64_t walks = 0, nodes = 0, asked = 0;
    };
    Count count() const;

  private:
    using Mask = std::vector<uint64_t>;  // a bit a token
    void make_room();
    const Mask * mask_at(int32_t place);
    bool admits_all(int32_t place, const VocabTrie::Below & below);
    bool walk(int32_t place, Mask & mask);

    const std::shared_ptr<const VocabTrie> trie_;
    mutable std::mutex mutex_;
    GrammarPlaces places_;
    std::unordered_map<int32_t, Mask> masks_;
    Count count_;
};

}  // namespace banyan
