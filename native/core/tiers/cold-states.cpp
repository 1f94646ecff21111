#include "core/tiers/cold-states.h"

#include <algorithm>

namespace banyan {

ColdState state_at(const PageKey & root, const std::vector<PageKey> & keys, const std::vector<Token> & tokens,
                   int32_t n_tokens, int32_t page_tokens) {
    const int32_t page = n_tokens / page_tokens, first = page * page_tokens;
    const PageKey & parent = page > 0 ? keys[page - 1] : root;
    return {state_key(parent, tokens.data() + first, n_tokens - first), parent, n_tokens};
}

void ColdStates::take(const ColdNews & news) {
    for (const PageKey & key : news.removed) remove(key);
    for (const ColdPage & state : news.added) add(state.key, state.parent);
}

void ColdStates::add(const PageKey & key, const PageKey & parent) {
    if (parents_.emplace(key, parent).second) ++behind_[parent];
}

void ColdStates::remove(const PageKey & key) {
    const auto it = parents_.find(key);
    if (it == parents_.end()) return;
    const auto behind = behind_.find(it->second);
    if (--behind->second == 0) behind_.erase(behind);
    parents_.erase(it);
}

std::optional<ColdState> ColdStates::last(const PageKey & root, const std::vector<PageKey> & keys,
                                          const std::vector<Token> & tokens, int32_t from, int32_t to,
                                          int32_t page_tokens) const {
    for (int32_t page = to / page_tokens; page >= 0 && (page + 1) * page_tokens > from; --page) {
        if (behind_.count(page > 0 ? keys[page - 1] : root) == 0) continue;
        const int32_t first = std::max(from + 1, page * page_tokens);
        for (int32_t end = std::min(to, (page + 1) * page_tokens - 1); end >= first; --end) {
            const ColdState state = state_at(root, keys, tokens, end, page_tokens);
            if (has(state.key)) return state;
        }
    }
    return std::nullopt;
}

}  // namespace banyan
