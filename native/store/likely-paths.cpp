#include "store/likely-paths.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace banyan::store {

void LikelyPaths::add(const Record & record) {
    if (pages_.size() >= kMost) return;
    const ColdPage & page = record.page;
    pages_[page.key] = {page.key, page.parent, page.kind, std::max(record.used, record.written), record.tokens};
}

/** Last pages of paths; of what is fixed too, though a history may go on from there. */
std::vector<const LikelyPaths::Kept *> LikelyPaths::ends() const {
    std::unordered_set<PageKey, PageKeyHash> go_on, go_on_fixed;
    for (const auto & [key, page] : pages_) {
        go_on.insert(page.parent);
        if (page.kind == ColdKind::fixed) go_on_fixed.insert(page.parent);
    }
    std::vector<const Kept *> ends;
    for (const auto & [key, page] : pages_) {
        const auto & inner = page.kind == ColdKind::fixed ? go_on_fixed : go_on;
        if (inner.count(key) == 0) ends.push_back(&page);
    }
    std::sort(ends.begin(), ends.end(), [](const Kept * a, const Kept * b) {
        return std::tie(b->kind, b->used, b->key) < std::tie(a->kind, a->used, a->key);
    });
    return ends;
}

std::vector<const LikelyPaths::Kept *> LikelyPaths::path_to(const Kept & end, const PageKey & root) const {
    std::vector<const Kept *> path = {&end};
    while (path.back()->parent != root) {
        const auto above = pages_.find(path.back()->parent);
        if (above == pages_.end() || path.size() > pages_.size()) return {};
        path.push_back(&above->second);
    }
    std::reverse(path.begin(), path.end());
    return path;
}

std::vector<std::vector<Token>> LikelyPaths::take(const PageKey & root, int64_t most_pages) {
    std::vector<std::vector<Token>> paths;
    std::unordered_set<const Kept *> taken;
    for (const Kept * end : ends()) {
        const std::vector<const Kept *> path = path_to(*end, root);
        const auto is_new = [&](const Kept * page) { return taken.count(page) == 0; };
        const auto n_new = std::count_if(path.begin(), path.end(), is_new);
        if (n_new == 0 || static_cast<int64_t>(taken.size()) + n_new > most_pages) continue;
        taken.insert(path.begin(), path.end());
        std::vector<Token> & tokens = paths.emplace_back();
        for (const Kept * page : path) tokens.insert(tokens.end(), page->tokens.begin(), page->tokens.end());
    }
    pages_.clear();
    return paths;
}

}  // namespace banyan::store
