// The latest tokens of a text, and where two tokens came next to each other before: LZ77's match finder.
//
// Owns: 12 bytes a token: the token, the place where the same pair came before, and the last place by a pair's hash.
// Changed by: push. Thread: the engine thread. Invariant: nothing is allocated after the constructor; the oldest tokens
// are overwritten. Places count up and are never used twice, so what was overwritten is seen to be.
#pragma once

#include <cstdint>
#include <vector>

#include "core/drafts/draft.h"
#include "core/types.h"

namespace banyan {

/** How a text went on where it was like this before. */
struct Continuation {
    int32_t n = 0;
    int32_t length = 0;  // tokens before it that are the same, of the longest match; at most TokenLog::kLook
    std::array<Token, kMostDraft> tokens{};
    std::array<int32_t, kMostDraft>
        votes{};  // of the matches that agreed so far: the share that agrees here, in fifths
};

class TokenLog {
  public:
    static constexpr int32_t kLook = 32;    // tokens that are compared backwards
    static constexpr int32_t kPlaces = 24;  // that are looked at

    /** capacity: tokens, a power of two. */
    explicit TokenLog(int32_t capacity);

    void push(Token token);
    /** How the log goes on after the last of these tokens, n >= 2. */
    Continuation after(const Token * tokens, int32_t n, int32_t most) const;

    uint32_t size() const { return end_; }
    int64_t bytes() const { return static_cast<int64_t>(tokens_.size()) * 12; }

  private:
    bool holds(uint32_t place) const { return place < end_ && end_ - place <= tokens_.size(); }
    Token at(uint32_t place) const { return tokens_[place & mask_]; }
    uint32_t bucket(Token a, Token b) const;

    std::vector<Token> tokens_;
    std::vector<uint32_t> before_;  // by place: the place before it after the same pair, + 1; 0: none
    std::vector<uint32_t> latest_;  // by hash of a pair: the place after it, + 1; 0: none
    uint32_t mask_;
    uint32_t end_ = 0;  // tokens pushed so far
};

}  // namespace banyan
