#include "runner/missing-tokens.h"

#include "runner/model.h"

namespace banyan {

namespace {

// Tokens that are told late make up the characters of one piece of the stream.
constexpr size_t kLongest = 256;

/** Extends `out` to `count` tokens that are the bytes of `text` from `at` on; false: none are. */
bool split(const std::vector<std::pair<std::string, Token>> & pieces, const std::string & text, size_t at, size_t count,
           std::vector<Token> & out) {
    const size_t left = count - out.size();
    if (left == 0) return at == text.size();
    if (text.size() - at < left) return false;
    for (const auto & [piece, token] : pieces) {
        if (text.compare(at, piece.size(), piece) != 0) continue;
        out.push_back(token);
        if (split(pieces, text, at + piece.size(), count, out)) return true;
        out.pop_back();
    }
    return false;
}

}  // namespace

std::vector<Token> missing_tokens(const Model & model, const std::string & text, size_t count, Token last) {
    const std::string end = model.piece(last, false);
    if (text.size() > kLongest || text.size() < end.size() + count) return {};
    if (text.compare(text.size() - end.size(), end.size(), end) != 0) return {};
    std::vector<Token> own = model.tokenize(text, false, false);
    if (own.size() == count + 1 && own.back() == last) {
        own.pop_back();
        return own;
    }
    const std::string missing = text.substr(0, text.size() - end.size());
    std::vector<std::pair<std::string, Token>> pieces;
    for (Token token = 0; token < model.info().vocab_size; ++token) {
        std::string piece = model.piece(token, false);
        if (!piece.empty() && missing.find(piece) != std::string::npos) pieces.emplace_back(std::move(piece), token);
    }
    std::vector<Token> found;
    return split(pieces, missing, 0, count, found) ? found : std::vector<Token>();
}

}  // namespace banyan
