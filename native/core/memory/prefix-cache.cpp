#include "core/memory/prefix-cache.h"

#include <algorithm>
#include <cassert>

namespace banyan {

int32_t PrefixCache::match(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const {
    return find(salt, tokens, n_tokens).n_tokens;
}

/** The longest cached prefix of tokens [0, n_tokens) from which a request can go on. */
PathMatch PrefixCache::find(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const {
    return resumable(tree_.match(salt, tokens.data(), n_tokens));
}

MissExplanation PrefixCache::explain(Salt salt, const std::vector<Token> & tokens) const {
    return explain(salt, tokens, tree_.match(salt, tokens.data(), static_cast<int32_t>(tokens.size())));
}

MissExplanation PrefixCache::explain(Salt salt, const std::vector<Token> & tokens, const PathMatch & found) const {
    using Reason = MissExplanation::Reason;
    const int32_t n_tokens = static_cast<int32_t>(tokens.size());
    MissExplanation why;
    why.matched = why.paged = found.n_tokens;
    if (has_states()) why.matched = match(salt, tokens, n_tokens - 1);
    why.prompt_tokens = n_tokens;
    why.expected = tree_.next_token(salt, found);
    why.actual = why.paged < n_tokens ? tokens[why.paged] : -1;
    const bool full = why.paged == n_tokens && why.matched >= n_tokens - 1;
    why.reason = full                      ? Reason::full_hit
                 : why.matched < why.paged ? Reason::no_state
                 : !tree_.knows(salt)      ? Reason::cold
                 : why.expected == -1      ? Reason::evicted_or_new
                                           : Reason::diverged;
    return why;
}

int32_t PrefixCache::acquire(Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens,
                             MissExplanation * why) {
    const Salt salt = holding.lock.salt;
    const PathMatch cached = tree_.match(salt, tokens.data(), n_tokens);
    if (why) *why = cached.n_tokens < n_tokens ? explain(salt, tokens, cached) : explain(salt, tokens);
    const PathMatch found = resumable(cached);
    holding.table.share(found.pages, found.n_tokens);
    tree_.lock(holding.lock, found);
    holding.paged = cached.n_tokens;
    if (!has_states() || !found.node) return found.n_tokens;
    holding.load = found.node->state->id;
    states_.ref(holding.load);
    tree_.use_state(*found.node);
    return found.n_tokens;
}

void PrefixCache::acquire_pages(Holding & holding, const std::vector<Token> & tokens, int32_t n_tokens) {
    const PathMatch found = tree_.match(holding.lock.salt, tokens.data(), n_tokens);
    assert(found.n_tokens == n_tokens);
    holding.table.share(found.pages, found.n_tokens);
    tree_.lock(holding.lock, found);
}

void PrefixCache::drop_partial_page(Holding & holding) {
    if (has_states()) return;
    const int32_t n_tokens = holding.table.n_tokens();
    holding.table.truncate(n_tokens - n_tokens % pool_.page_tokens());
}

void PrefixCache::promise(Holding & holding, int32_t n_pages) {
    promised_ += n_pages - holding.promised;
    holding.promised = n_pages;
    assert(available() >= 0);
}

bool PrefixCache::reserve(Holding & holding, int32_t n_tokens, std::vector<PageCopy> & copies) {
    int32_t n_pages = holding.table.pages_needed(n_tokens);
    if (n_pages - holding.promised > available()) return false;
    make_free(n_pages);
    n_pages = holding.table.pages_needed(n_tokens);  // fewer, if eviction let go of the page that it had to copy
    const int32_t from_promise = std::min(n_pages, holding.promised);
    holding.table.reserve(n_tokens, copies);
    holding.promised -= from_promise;
    promised_ -= from_promise;
    holding.spent = from_promise;
    return true;
}

int32_t PrefixCache::extend(Holding & holding, int32_t n_tokens) {
    const int32_t size = pool_.page_tokens(), in_page = (size - holding.table.n_tokens() % size) % size;
    const auto allows = [&](int32_t n_pages) {
        return n_pages <= pool_.n_free() && n_pages - std::min(n_pages, holding.promised) <= available();
    };
    if (!allows(holding.table.pages_to_extend(n_tokens))) n_tokens = std::min(n_tokens, in_page);
    if (n_tokens <= 0) return 0;
    const int32_t n_pages = holding.table.pages_to_extend(n_tokens);
    const int32_t from_promise = std::min(n_pages, holding.promised);
    holding.table.extend(n_tokens);
    holding.promised -= from_promise;
    promised_ -= from_promise;
    holding.spent += from_promise;
    holding.extra = n_pages - from_promise;
    return n_tokens;
}

void PrefixCache::shorten(Holding & holding, int32_t n_tokens) {
    const int32_t dropped = holding.table.shorten(n_tokens);
    const int32_t unpromised = std::min(dropped, holding.extra);
    holding.extra -= unpromised;
    holding.spent -= dropped - unpromised;
    promise(holding, holding.promised + dropped - unpromised);
}

void PrefixCache::confirm(Holding & holding, int32_t n_tokens) {
    const int32_t dropped = holding.table.confirm(n_tokens);
    promise(holding, holding.promised + std::max(0, dropped - holding.extra));
    holding.spent = holding.extra = 0;
}

void PrefixCache::confirm(Holding & holding) {
    holding.table.confirm();
    holding.spent = holding.extra = 0;
}

void PrefixCache::revert(Holding & holding) {
    holding.table.revert();
    promise(holding, holding.promised + holding.spent);
    holding.spent = holding.extra = 0;
}

void PrefixCache::commit(Holding & holding, const std::vector<Token> & tokens) {
    tree_.insert(holding.lock, tokens.data(), holding.table.n_written(), holding.table.pages());
}

void PrefixCache::release(Holding & holding) {
    end_load(holding);
    drop_saving(holding);
    holding.table.clear();
    tree_.unlock(holding.lock);
    holding.spent = holding.extra = 0;
    promise(holding, 0);
}

int32_t PrefixCache::mark(PathLock & mark, const std::vector<Token> & tokens) {
    const PathMatch found = find(mark.salt, tokens, static_cast<int32_t>(tokens.size()));
    tree_.lock(mark, found);
    return found.n_tokens;
}

void PrefixCache::abandon(Salt salt, const std::vector<Token> & tokens, int32_t from,
                          const std::vector<PathLock *> & marks) {
    const int32_t n_tokens = static_cast<int32_t>(tokens.size());
    RadixNode * end = tree_.match(salt, tokens.data(), n_tokens).node;
    if (!end) return;
    for (PathLock * mark : marks) {
        if (mark->salt != salt) continue;
        const RadixNode * node = mark->node;
        while (node && node != end) node = node->parent;
        if (node == end) tree_.unlock(*mark);
    }
    tree_.abandon(end, from);
    for (PathLock * mark : marks) {
        if (mark->salt == salt && !mark->node && from > 0) tree_.lock(*mark, find(salt, tokens, from));
    }
}

void PrefixCache::release_abandoned(Holding & holding) {
    RadixNode * end = holding.lock.node;
    release(holding);
    tree_.abandon(end, 0);
}

void PrefixCache::pin_static_prefix(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) {
    tree_.pin_static_prefix(salt, tokens.data(), n_tokens);
}

bool PrefixCache::make_free(int32_t n_pages, NodeKind most) {
    for (;;) {
        if (pool_.n_free() >= n_pages) return true;
        const RadixNode * victim = tree_.victim();
        if (!victim || victim->key.rank > 0 || tree_.victim_kind() > most) return false;
        evict_page();
    }
}

/** Evicts until n_pages are free. Cannot fail within free + reclaimable. */
void PrefixCache::make_free(int32_t n_pages) {
    while (pool_.n_free() < n_pages) {
        assert(tree_.victim());
        if (!tree_.victim()) return;
        evict_page();
    }
}

/** The last page of the leaf that goes first. */
void PrefixCache::evict_page() {
    const int32_t before = pool_.n_free();
    const NodeKind kind = tree_.victim_kind();
    tree_.evict_page();
    evicted_[static_cast<size_t>(kind)] += pool_.n_free() - before;
}

/** Pages of a pin that no other pin holds. */
int32_t PrefixCache::pinned_alone(const Holding & holding) const {
    const std::vector<PageId> & pages = holding.table.pages();
    return static_cast<int32_t>(
        std::count_if(pages.begin(), pages.end(), [&](PageId page) { return pool_.refs(page, Holder::pin) == 1; }));
}

int32_t PrefixCache::n_pinned(Salt salt) const {
    const auto it = pinned_pages_.find(salt);
    return it == pinned_pages_.end() ? 0 : it->second;
}

int32_t PrefixCache::pin(Salt salt, const std::vector<Token> & tokens, Micros expires, uint64_t * pin_id,
                         int32_t most_pages) {
    *pin_id = 0;
    const auto it = pins_.try_emplace(next_pin_, pool_, salt, expires).first;
    Holding & holding = it->second.holding;
    const int32_t before = n_pinned(salt);
    const auto too_much = [&] {
        if (available() < 0) return true;
        const int32_t more = pinned_alone(holding);
        return more > 0 && before + more > most_pages;
    };
    int32_t pinned = acquire(holding, tokens, static_cast<int32_t>(tokens.size()));
    while (has_states() && too_much()) {
        release(holding);
        pinned = acquire(holding, tokens, pinned - 1);
    }
    end_load(holding);
    while (too_much()) {
        pinned = (pinned - 1) / pool_.page_tokens() * pool_.page_tokens();
        holding.table.truncate(pinned);
    }
    if (pinned == 0) {
        release(holding);
        pins_.erase(it);
        return 0;
    }
    if (const int32_t more = pinned_alone(holding)) pinned_pages_[salt] += more;
    pin_expiry_.emplace(expires, next_pin_);
    *pin_id = next_pin_++;
    return pinned;
}

bool PrefixCache::unpin(uint64_t pin_id) {
    const auto it = pins_.find(pin_id);
    if (it == pins_.end()) return false;
    pin_expiry_.erase({it->second.expires, pin_id});
    Holding & holding = it->second.holding;
    if (const int32_t less = pinned_alone(holding)) {
        const auto count = pinned_pages_.find(holding.lock.salt);
        count->second -= less;
        if (count->second == 0) pinned_pages_.erase(count);
    }
    release(holding);
    pins_.erase(it);
    return true;
}

void PrefixCache::expire(Micros now) {
    while (!pin_expiry_.empty() && pin_expiry_.begin()->first <= now) unpin(pin_expiry_.begin()->second);
}

bool PrefixCache::break_pin() {
    return !pin_expiry_.empty() && unpin(pin_expiry_.begin()->second);
}

int32_t PrefixCache::clear() {
    const int32_t before = pool_.n_free();
    tree_.clear_unlocked();
    return pool_.n_free() - before;
}

std::string PrefixCache::check_integrity() const {
    std::string wrong = pool_.check_integrity();
    if (wrong.empty()) wrong = states_.check_integrity();
    if (wrong.empty()) wrong = tree_.check_integrity();
    for (const auto & [id, pin] : pins_) {
        if (wrong.empty()) wrong = pin.holding.table.check_integrity();
        if (wrong.empty() && !pin_expiry_.count({pin.expires, id})) wrong = "a pin never expires";
    }
    if (wrong.empty() && pins_.size() != pin_expiry_.size()) wrong = "a pin expires that is none";
    std::map<Salt, std::set<PageId>> pages;
    for (const auto & [id, pin] : pins_) {
        const auto & held = pin.holding.table.pages();
        pages[pin.holding.lock.salt].insert(held.begin(), held.end());
    }
    for (const auto & [salt, held] : pages) {
        const bool right = n_pinned(salt) == static_cast<int32_t>(held.size());
        if (wrong.empty() && !right) wrong = "pages of a salt's pins miscounted";
    }
    if (wrong.empty() && pinned_pages_.size() != pages.size()) wrong = "pinned pages of a salt without pins";
    if (wrong.empty() && available() < 0) wrong = "more pages promised than can be freed";
    return wrong;
}

}  // namespace banyan
