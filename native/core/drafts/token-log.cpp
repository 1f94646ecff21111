#include "core/drafts/token-log.h"

#include <algorithm>

namespace banyan {

TokenLog::TokenLog(int32_t capacity)
    : tokens_(static_cast<size_t>(capacity)),
      before_(static_cast<size_t>(capacity)),
      latest_(static_cast<size_t>(capacity)),
      mask_(static_cast<uint32_t>(capacity) - 1) {}

uint32_t TokenLog::bucket(Token a, Token b) const {
    uint64_t hash = static_cast<uint32_t>(a) * 0x9E3779B97F4A7C15ull + static_cast<uint32_t>(b);
    hash *= 0xD6E8FEB86659FD93ull;
    return static_cast<uint32_t>(hash >> 32) & mask_;
}

void TokenLog::push(Token token) {
    const uint32_t place = end_++;
    tokens_[place & mask_] = token;
    before_[place & mask_] = 0;
    if (place < 2) return;
    uint32_t & latest = latest_[bucket(at(place - 2), at(place - 1))];
    before_[place & mask_] = latest;
    latest = place + 1;
}

Continuation TokenLog::after(const Token * tokens, int32_t n, int32_t most) const {
    struct Match {
        uint32_t place;
        int32_t length;
    };
    std::array<Match, kPlaces> matches;
    int32_t n_matches = 0;
    Continuation out;
    if (n < 2) return out;
    uint32_t next = latest_[bucket(tokens[n - 2], tokens[n - 1])];
    for (int32_t looked = 0; looked < kPlaces && next > 0 && holds(next - 1); ++looked) {
        const uint32_t place = next - 1;
        int32_t length = 0;
        while (length < std::min(kLook, n) && static_cast<uint32_t>(length) < place &&
               holds(place - 1 - static_cast<uint32_t>(length)) &&
               at(place - 1 - static_cast<uint32_t>(length)) == tokens[n - 1 - length]) {
            ++length;
        }
        if (length >= 2) matches[n_matches++] = {place, length};
        out.length = std::max(out.length, length);
        const uint32_t before = before_[place & mask_];
        next = before < next ? before : 0;
    }
    const auto end_of = std::remove_if(matches.begin(), matches.begin() + n_matches,
                                       [&](const Match & match) { return match.length * 2 < out.length; });
    n_matches = static_cast<int32_t>(end_of - matches.begin());
    for (int32_t i = 0; i < most && n_matches > 0; ++i) {
        const auto token_of = [&](const Match & match) { return at(match.place + static_cast<uint32_t>(i)); };
        const auto is_over = [&](const Match & match) { return !holds(match.place + static_cast<uint32_t>(i)); };
        n_matches = static_cast<int32_t>(std::remove_if(matches.begin(), matches.begin() + n_matches, is_over) -
                                         matches.begin());
        Token best = -1;
        int32_t most_votes = 0;  // the latest match wins a tie
        for (int32_t m = 0; m < n_matches && most_votes < n_matches; ++m) {
            const Token token = token_of(matches[m]);
            const auto votes = static_cast<int32_t>(std::count_if(
                matches.begin(), matches.begin() + n_matches, [&](const Match & o) { return token_of(o) == token; }));
            if (votes > most_votes) {
                most_votes = votes;
                best = token;
            }
        }
        if (best < 0) break;
        out.tokens[out.n] = best;
        out.votes[out.n++] = 5 * most_votes / n_matches;
        const auto disagrees = [&](const Match & match) { return token_of(match) != best; };
        n_matches = static_cast<int32_t>(std::remove_if(matches.begin(), matches.begin() + n_matches, disagrees) -
                                         matches.begin());
    }
    return out;
}

}  // namespace banyan
