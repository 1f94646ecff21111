// What programs say about paths: marks, abandoned branches, static prefixes. None of it holds a page.
#include <algorithm>

#include "core/memory/radix-tree.h"

namespace banyan {

void RadixTree::mark(PathLock & mark, const PathLock & at) {
    move_lock(mark, at.node);
}

void RadixTree::set_keep(PathLock & mark, NodeKind keep, int32_t steps) {
    mark.keep = keep;
    mark.steps = steps;
    if (mark.node) refile(*mark.node);
}

void RadixTree::abandon(RadixNode * node, int32_t from) {
    for (; node && !node->is_root() && node->end() > from; node = node->parent) {
        if (node->begin < from) cut(*node, from);
        if (!node->locks.empty() || node->children.size() > 1 || node->base == NodeKind::fixed) return;
        node->base = NodeKind::abandoned;
        refile(*node);
    }
}

void RadixTree::pin_static_prefix(Salt salt, const Token * tokens, int32_t n_tokens) {
    const PathMatch found = match(salt, tokens, n_tokens);
    if (!found.node || found.n_tokens < n_tokens) return;
    RadixNode * node = found.node->end() > n_tokens ? cut(*found.node, n_tokens) : found.node;
    for (; !node->is_root() && node->base != NodeKind::fixed; node = node->parent) {
        node->base = NodeKind::fixed;
        refile(*node);
    }
}

void RadixTree::mark_kept(Salt salt, const Token * tokens, int32_t n_tokens, Micros page_cost) {
    const PathMatch found = match(salt, tokens, n_tokens);
    const int32_t n_kept = std::min(n_tokens, found.n_tokens);
    order_.set_kept_cost(page_cost);
    for (RadixNode * node = found.node; node && !node->is_root(); node = node->parent) {
        node->kept = std::max(node->kept, std::min(node->end(), n_kept));
        order_.price_kept(*node, pool_->page_tokens());
        refile(*node);
    }
}

void RadixTree::mark_state_kept(Salt salt, const Token * tokens, int32_t n_tokens) {
    const PathMatch found = match(salt, tokens, n_tokens);
    if (found.node && found.n_tokens == n_tokens && found.node->end() == n_tokens) found.node->state_kept = true;
}

void RadixTree::mark_refused(Salt salt, const Token * tokens, int32_t n_tokens) {
    for (RadixNode * node = match(salt, tokens, n_tokens).node; node && !node->is_root(); node = node->parent) {
        node->refused = true;
        refile(*node);
    }
}

std::vector<Token> RadixTree::path_to(const RadixNode & node) {
    std::vector<Token> tokens(static_cast<size_t>(node.end()));
    for (const RadixNode * at = &node; !at->is_root(); at = at->parent) {
        std::copy(at->tokens.begin(), at->tokens.end(), tokens.begin() + at->begin);
    }
    return tokens;
}

}  // namespace banyan
