// What the cache does for models with recurrent layers: a request goes on from where their state was saved.
#include <cassert>

#include "core/memory/prefix-cache.h"

namespace banyan {

namespace {

/** The deepest node with a state from here up; nullptr: none. */
const RadixNode * last_saved(const RadixNode * node) {
    while (node && !node->is_root() && !node->state) node = node->parent;
    return node && !node->is_root() ? node : nullptr;
}

}  // namespace

/** With recurrent layers: as far as their state was saved. */
PathMatch PrefixCache::resumable(PathMatch found) const {
    if (!has_states()) return found;
    found.node = found.resumable;
    found.n_tokens = found.node ? found.node->end() : 0;
    found.pages.resize(pages_for(found.n_tokens, pool_.page_tokens()));
    return found;
}

bool PrefixCache::take_state(Holding & holding, int32_t end, NodeKind kind, NodeKind most) {
    assert(holding.saving == kNoState);
    if (states_.n_free() == 0) {
        const RadixNode * before = last_saved(holding.lock.node);
        const int32_t n_past = before ? before->end() : 0;
        const RadixNode * victim = tree_.states().first();
        if (!victim || !(victim->state->key < tree_.states().key_of_new(kind, end - n_past, n_past))) return false;
        ++states_evicted_[static_cast<size_t>(StateOrder::kind(*victim))];
        tree_.evict_state();
    }
    holding.saving = states_.alloc();
    holding.saving_most = most;
    return true;
}

void PrefixCache::attach_state(Holding & holding) {
    if (holding.saving == kNoState) return;
    const StateId state = holding.saving;
    holding.saving = kNoState;
    RadixNode * node = holding.lock.node;
    if (!node) return states_.unref(state);
    assert(holding.lock.end() == holding.table.n_written());
    if (!node->state) return tree_.attach(holding.lock, states_, state, holding.saving_most);
    tree_.raise_state(*node, holding.saving_most);
    states_.unref(state);
}

void PrefixCache::drop_saving(Holding & holding) {
    if (holding.saving != kNoState) states_.unref(holding.saving);
    holding.saving = kNoState;
}

void PrefixCache::end_load(Holding & holding) {
    if (holding.load != kNoState) states_.unref(holding.load);
    holding.load = kNoState;
}

bool PrefixCache::save_state(Holding & holding, SlotId slot, NodeKind kind, NodeKind most) {
    const int32_t end = holding.table.n_written();
    if (!has_states() || end == 0 || holding.lock.end() != end) return false;
    if (RadixNode * node = holding.lock.node; node->state) {
        tree_.raise_state(*node, most);
        return false;
    }
    if (!take_state(holding, end, kind, most)) return false;
    states_.owe({slot, holding.saving, end});
    attach_state(holding);
    return true;
}

StateId PrefixCache::saved_state(Salt salt, const std::vector<Token> & tokens, int32_t n_tokens) const {
    const PathMatch found = find(salt, tokens, n_tokens);
    const bool is_there = has_states() && found.node && found.n_tokens == n_tokens;
    return is_there && states_.is_saved(found.node->state->id) ? found.node->state->id : kNoState;
}

void PrefixCache::lose_states(const std::set<StateId> & states) {
    for (const StateId state : states) {
        if (RadixNode * node = tree_.states().find(state)) tree_.drop_state(*node);
    }
}

void PrefixCache::drop_state(Salt salt, const std::vector<Token> & tokens, int32_t end) {
    const PathMatch found = find(salt, tokens, end);
    if (!found.node || found.n_tokens != end) return;
    if (found.node->locks.empty() && found.node->children.size() <= 1) tree_.drop_state(*found.node);
}

}  // namespace banyan
