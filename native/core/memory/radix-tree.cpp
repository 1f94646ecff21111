#include "core/memory/radix-tree.h"

#include <algorithm>
#include <cassert>

namespace banyan {

namespace {

/** Tokens that both runs share from their start. */
int32_t common_prefix(const Token * a, int32_t n_a, const Token * b, int32_t n_b) {
    const int32_t n = std::min(n_a, n_b);
    return static_cast<int32_t>(std::mismatch(a, a + n, b).first - a);
}

int32_t size_of(const std::vector<Token> & tokens) {
    return static_cast<int32_t>(tokens.size());
}

}  // namespace

RadixNode * RadixTree::child(const RadixNode & node, Token first) const {
    const auto it = node.children.find(first);
    return it == node.children.end() ? nullptr : it->second.get();
}

PathMatch RadixTree::match(Salt salt, const Token * tokens, int32_t n_tokens) const {
    PathMatch found;
    const auto root = roots_.find(salt);
    if (root == roots_.end()) return found;
    const int32_t size = pool_->page_tokens();
    const RadixNode * at = root->second.get();
    while (found.n_tokens < n_tokens) {
        RadixNode * next = child(*at, tokens[found.n_tokens]);
        if (!next) break;
        const int32_t shared =
            common_prefix(next->tokens.data(), size_of(next->tokens), tokens + next->begin, n_tokens - next->begin);
        found.n_tokens = next->begin + shared;
        found.node = next;
        // The page that straddles the parent's end is served by the deeper edge.
        const int32_t first_page = next->begin / size;
        found.pages.resize(first_page);
        found.pages.insert(found.pages.end(), next->pages.begin(),
                           next->pages.begin() + (pages_for(found.n_tokens, size) - first_page));
        if (shared < size_of(next->tokens)) break;
        if (next->state) found.resumable = next;
        at = next;
    }
    return found;
}

Token RadixTree::next_token(Salt salt, const PathMatch & match) const {
    const RadixNode * node = match.node;
    if (!node) {
        const auto root = roots_.find(salt);
        if (root == roots_.end()) return -1;
        node = root->second.get();
    } else if (match.n_tokens < node->end()) {
        return node->tokens[match.n_tokens - node->begin];
    }
    if (node->children.empty()) return -1;
    return node->children.count(node->recent) ? node->recent : node->children.begin()->first;
}

std::vector<Token> RadixTree::ahead(const PathLock & lock, const Token * tokens, int32_t n_tokens, int32_t most) const {
    std::vector<Token> out;
    const RadixNode * node = lock.node;
    if (!node) return out;
    int32_t at = node->end(), in_edge = 0;  // tokens matched, and of the last edge
    for (in_edge = static_cast<int32_t>(node->tokens.size()); at < n_tokens;) {
        node = child(*node, tokens[at]);
        if (!node) return out;
        const auto n = std::min(static_cast<int32_t>(node->tokens.size()), n_tokens - at);
        if (!std::equal(tokens + at, tokens + at + n, node->tokens.begin())) return out;
        at += n;
        in_edge = n;
    }
    while (node && static_cast<int32_t>(out.size()) < most) {
        for (auto i = static_cast<size_t>(in_edge); i < node->tokens.size() && static_cast<int32_t>(out.size()) < most;
             ++i) {
            out.push_back(node->tokens[i]);
        }
        in_edge = 0;
        const auto next = node->children.find(node->recent);
        const bool branches = next == node->children.end() && !node->children.empty();
        node = next != node->children.end() ? next->second.get()
               : branches                   ? node->children.begin()->second.get()
                                            : nullptr;
    }
    return out;
}

/** Cuts the edge at path position `at`: a new upper edge [begin, at), the node itself keeps [at, end) and all else. */
RadixNode * RadixTree::cut(RadixNode & node, int32_t at) {
    assert(node.begin < at && at < node.end());
    const int32_t size = pool_->page_tokens();
    const int32_t first_page = node.begin / size, n_upper_tokens = at - node.begin;

    auto upper = std::make_unique<RadixNode>();
    upper->id = next_id_++;
    upper->salt = node.salt;
    upper->parent = node.parent;
    upper->begin = node.begin;
    upper->stamp = node.stamp;
    upper->base = node.base;
    upper->worth = node.worth;
    upper->kept = std::min(node.kept, at);
    upper->refused = node.refused;
    upper->tokens.assign(node.tokens.begin(), node.tokens.begin() + n_upper_tokens);
    upper->pages.assign(node.pages.begin(), node.pages.begin() + (pages_for(at, size) - first_page));
    if (at % size != 0) pool_->ref(upper->pages.back(), Holder::tree);

    std::unique_ptr<RadixNode> & place = node.parent->children[upper->tokens.front()];
    std::unique_ptr<RadixNode> lower = std::move(place);
    node.tokens.erase(node.tokens.begin(), node.tokens.begin() + n_upper_tokens);
    node.pages.erase(node.pages.begin(), node.pages.begin() + (at / size - first_page));
    node.begin = at;
    node.parent = upper.get();
    upper->recent = node.tokens.front();
    upper->children.emplace(node.tokens.front(), std::move(lower));
    place = std::move(upper);
    ++n_nodes_;
    if (order_.uses_tiers()) order_.update(node);
    return place.get();
}

/** Something has changed that its places in the orders depend on. */
void RadixTree::refile(RadixNode & node) {
    order_.update(node);
    states_.update(node);
}

/** Marks the path from the root to the node as used now. */
void RadixTree::touch(RadixNode * node) {
    if (!node) return;
    ++clock_;
    RadixNode * leaf = node;
    for (; !node->is_root(); node = node->parent) {
        node->stamp = clock_;
        if (node->base == NodeKind::abandoned) {
            node->base = NodeKind::finished;
            states_.update(*node);
        }
        node->parent->recent = node->tokens.front();
    }
    order_.touch_path(*leaf);
    for (RadixNode * at = leaf; !at->is_root(); at = at->parent) {
        if (at->kept > at->begin) order_.price_kept(*at, pool_->page_tokens());
    }
    order_.update(*leaf);
}

void RadixTree::move_lock(PathLock & lock, RadixNode * to) {
    if (lock.node == to) return;
    if (RadixNode * from = lock.node) {
        from->locks.erase(std::find(from->locks.begin(), from->locks.end(), &lock));
        refile(*from);
    }
    lock.node = to;
    if (!to) return;
    to->locks.push_back(&lock);
    refile(*to);
}

void RadixTree::lock(PathLock & lock, const PathMatch & match) {
    RadixNode * node = match.node;
    if (node && match.n_tokens < node->end()) node = cut(*node, match.n_tokens);
    move_lock(lock, node);
    touch(node);
}

void RadixTree::unlock(PathLock & lock) {
    move_lock(lock, nullptr);
}

/** Follows tokens [node->end(), n_tokens) as far as the tree goes, cutting the last edge where they leave it. */
RadixNode * RadixTree::descend(RadixNode * node, const Token * tokens, int32_t n_tokens) {
    while (node->end() < n_tokens) {
        RadixNode * next = child(*node, tokens[node->end()]);
        if (!next) break;
        const int32_t shared =
            common_prefix(next->tokens.data(), size_of(next->tokens), tokens + next->begin, n_tokens - next->begin);
        node = shared < size_of(next->tokens) ? cut(*next, next->begin + shared) : next;
    }
    return node;
}

/**
 * A leaf grows in place, so that a path computed in chunks or turns is one edge, unless a lock or mark means its
 * present end. The mark of the program that goes on does not count: it goes along.
 */
bool RadixTree::may_extend(const RadixNode & node, const PathLock & by) const {
    if (node.is_root() || !node.children.empty() || node.state) return false;
    return std::all_of(node.locks.begin(), node.locks.end(), [&](const PathLock * lock) {
        return lock == &by || (lock->holder == Holder::tree && lock->owner == by.owner && by.owner != 0);
    });
}

RadixNode * RadixTree::add_child(RadixNode & parent, Token first) {
    auto node = std::make_unique<RadixNode>();
    node->id = next_id_++;
    node->salt = parent.salt;
    node->parent = &parent;
    node->begin = parent.end();
    RadixNode * added = node.get();
    parent.children.emplace(first, std::move(node));
    order_.update(parent);
    ++n_nodes_;
    return added;
}

/**
 * Edges that end inside the node's first page take that page in place of their own: it holds their tokens too, and so
 * no page is kept alive by an edge alone whose children have moved on to copies.
 */
void RadixTree::serve_parents(const RadixNode & node) {
    const int32_t size = pool_->page_tokens();
    const PageId page = node.pages.front();
    for (RadixNode * up = node.parent; !up->is_root() && up->end() % size != 0; up = up->parent) {
        pool_->ref(page, Holder::tree);
        pool_->unref(up->pages.back(), Holder::tree);
        up->pages.back() = page;
        if (up->begin % size == 0 || up->pages.size() > 1) return;  // the edge above ends in an earlier page
    }
}

void RadixTree::insert(PathLock & lock, const Token * tokens, int32_t n_tokens, const std::vector<PageId> & pages) {
    if (n_tokens <= lock.end()) return;
    const int32_t size = pool_->page_tokens();
    RadixNode * node = lock.node;
    if (!node) {
        auto & root = roots_[lock.salt];
        if (!root) {
            root = std::make_unique<RadixNode>();
            root->salt = lock.salt;
        }
        node = root.get();
    }
    node = descend(node, tokens, n_tokens);
    if (const int32_t begin = node->end(); begin < n_tokens) {
        if (!may_extend(*node, lock)) node = add_child(*node, tokens[begin]);
        const size_t kept = static_cast<size_t>(begin / size - node->begin / size);
        for (int32_t i = begin / size; i < pages_for(n_tokens, size); ++i) pool_->ref(pages[i], Holder::tree);
        // An extended edge takes the longer path's page in place of its own partly filled one.
        while (node->pages.size() > kept) {
            pool_->unref(node->pages.back(), Holder::tree);
            node->pages.pop_back();
        }
        node->pages.insert(node->pages.end(), pages.begin() + begin / size, pages.begin() + pages_for(n_tokens, size));
        node->tokens.insert(node->tokens.end(), tokens + begin, tokens + n_tokens);
        node->state_kept = false;  // that was of another end
        n_tokens_ += n_tokens - begin;
        serve_parents(*node);
    }
    move_lock(lock, node);
    touch(node);
}

bool RadixTree::evict_page() {
    RadixNode * leaf = order_.first();
    if (!leaf) return false;
    order_.note_victim(*leaf);
    drop_tail(*leaf);
    return true;
}

void RadixTree::clear_unlocked() {
    for (RadixNode * leaf = order_.first(); leaf && leaf->key.rank == 0; leaf = order_.first()) remove(*leaf);
}

/** Gives the last page of a leaf back; the tokens before it stay matchable. */
void RadixTree::drop_tail(RadixNode & leaf) {
    const int32_t size = pool_->page_tokens();
    const int32_t end = (leaf.end() - 1) / size * size;
    if (end <= leaf.begin) return remove(leaf);
    drop_state(leaf);
    leaf.state_kept = false;
    n_tokens_ -= leaf.end() - end;
    leaf.tokens.resize(end - leaf.begin);
    leaf.kept = std::min(leaf.kept, end);
    pool_->unref(leaf.pages.back(), Holder::tree);
    leaf.pages.pop_back();
    if (order_.uses_tiers()) order_.update(leaf);
}

void RadixTree::remove(RadixNode & leaf) {
    RadixNode * parent = leaf.parent;
    while (!leaf.locks.empty()) move_lock(*leaf.locks.back(), parent->is_root() ? nullptr : parent);
    order_.remove(leaf);
    states_.remove(leaf);
    for (PageId page : leaf.pages) pool_->unref(page, Holder::tree);
    n_tokens_ -= size_of(leaf.tokens);
    --n_nodes_;
    parent->children.erase(leaf.tokens.front());
    if (!parent->children.empty()) {
        serve_parents(*parent->children.begin()->second);
    } else if (parent->is_root()) {
        roots_.erase(parent->salt);
    } else {
        order_.update(*parent);
    }
}

void RadixTree::visit(const std::function<void(Salt, const RadixNode &)> & see) const {
    std::vector<const RadixNode *> open;
    for (const auto & [salt, root] : roots_) {
        open.assign(1, root.get());
        while (!open.empty()) {
            const RadixNode * node = open.back();
            open.pop_back();
            if (!node->is_root()) see(salt, *node);
            for (auto it = node->children.rbegin(); it != node->children.rend(); ++it) open.push_back(it->second.get());
        }
    }
}

void RadixTree::visit_levels(int32_t most,
                             const std::function<void(Salt, const RadixNode &, size_t parent)> & see) const {
    std::vector<std::pair<size_t, const RadixNode *>> seen;
    const auto add_children = [&](size_t index, const RadixNode & node) {
        for (auto it = node.children.begin(); it != node.children.end() && seen.size() < static_cast<size_t>(most);
             ++it) {
            seen.emplace_back(index, it->second.get());
        }
    };
    for (const auto & [salt, root] : roots_) add_children(SIZE_MAX, *root);
    for (size_t i = 0; i < seen.size(); ++i) {
        const auto [parent, node] = seen[i];
        see(node->salt, *node, parent);
        add_children(i, *node);
    }
}

}  // namespace banyan
