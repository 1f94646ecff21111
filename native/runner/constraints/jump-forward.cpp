#include "runner/constraints/jump-forward.h"

#include <algorithm>
#include <optional>
#include <string>

#include "llama.h"
#include "runner/masks/running-grammar.h"
#include "runner/masks/vocab-trie.h"
#include "runner/model.h"

namespace banyan {

namespace {

/** Control tokens only where the format writes them: a property may be named like one. */
std::vector<Token> tokens_of(const JumpPlace & place, const std::string & text) {
    std::vector<Token> tokens = place.model.tokenize(text, false, true);
    const auto foreign = [&](Token token) {
        return llama_vocab_is_control(place.model.vocab(), token) && !place.preserved(token);
    };
    if (std::any_of(tokens.begin(), tokens.end(), foreign)) tokens = place.model.tokenize(text, false, false);
    return tokens;
}

/** The run after the last `n_said` tokens; nullopt: together they are other tokens. */
std::optional<std::vector<Token>> tokens_behind(const JumpPlace & place, size_t n_said, const std::string & run) {
    std::string text;
    const auto first = place.said.end() - static_cast<ptrdiff_t>(n_said);
    for (auto said = first; said != place.said.end(); ++said) text += place.model.piece(*said, true);
    std::vector<Token> tokens = tokens_of(place, text + run);
    if (tokens.size() <= n_said || !std::equal(first, place.said.end(), tokens.begin())) return std::nullopt;
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(n_said));
    return tokens;
}

/** Of the tokens, those before the first that could be part of a longer one. */
size_t sure(const Model & model, const std::vector<Token> & tokens) {
    const std::shared_ptr<const VocabTrie> texts = model.texts();
    std::string rest;
    size_t n = tokens.size();
    for (size_t i = tokens.size(); i-- > 0;) {
        rest = model.piece(tokens[i], true) + rest;
        if (texts->continues(rest)) n = i;
    }
    return n;
}

}  // namespace

ForcedTokens forced_tokens(const JumpPlace & place, bool guess) {
    const std::string run = place.grammar.forced(place.style, guess);
    if (run.empty()) return {};
    std::optional<std::vector<Token>> tokens;
    for (size_t n = std::min<size_t>(2, place.said.size()); n > 0 && !tokens; --n)
        tokens = tokens_behind(place, n, run);
    if (!tokens && !guess) return {};
    if (!tokens) tokens = tokens_of(place, run);
    ForcedTokens out;
    out.n_sure = sure(place.model, *tokens);
    if (!guess) tokens->resize(out.n_sure);
    out.tokens = std::move(*tokens);
    return out;
}

}  // namespace banyan
