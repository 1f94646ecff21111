#include "core/tiers/stores.h"

#include <algorithm>
#include <utility>

#include "core/tiers/path-keys.h"

namespace banyan {

void Stores::want(Salt salt, const PageKey & root, const std::vector<Token> & tokens, const std::vector<PageKey> & keys,
                  int32_t n_pages, ColdKind kind, StoreReason reason, ProgramId program) {
    if (!config_.on || n_pages <= 0) return;
    int32_t known = 0;
    while (known < n_pages && is_known(keys[known])) ++known;
    if (known == n_pages) return;
    const PageKey & last = keys[n_pages - 1];
    const auto goes_as_far = [&](const std::shared_ptr<Path> & path) {
        return path->keys.size() >= static_cast<size_t>(n_pages) && path->keys[n_pages - 1] == last;
    };
    if (std::any_of(paths_.begin(), paths_.end(), goes_as_far)) return;
    const int64_t n_tokens = static_cast<int64_t>(n_pages) * cache_.pool().page_tokens();
    if (n_tokens > kWanted) return;
    while (n_tokens_ + n_tokens > kWanted) drop(paths_.begin());
    log_.write(0, program, decision::Store{n_pages - known, reason});
    const auto path = std::make_shared<Path>(Path{
        salt, root, {tokens.begin(), tokens.begin() + n_tokens}, {keys.begin(), keys.begin() + n_pages}, kind, known});
    n_tokens_ += n_tokens;
    const auto is_history = [](const std::shared_ptr<Path> & other) { return other->kind == ColdKind::history; };
    // Static prefixes first: every program begins with one.
    const bool first = kind == ColdKind::fixed;
    paths_.insert(first ? std::find_if(paths_.begin(), paths_.end(), is_history) : paths_.end(), path);
}

void Stores::want(const Program & p, StoreReason reason) {
    if (!config_.on || !p.root) return;
    for (const auto & mark : p.marks) {
        if (!mark->node || mark->salt != p.root_salt) continue;
        const std::vector<Token> tokens = RadixTree::path_to(*mark->node);
        std::vector<PageKey> keys;
        extend_keys(keys, *p.root, tokens, static_cast<int32_t>(tokens.size()), cache_.pool().page_tokens());
        want(mark->salt, *p.root, tokens, keys, static_cast<int32_t>(keys.size()), ColdKind::history, reason,
             p.anonymous ? 0 : p.program);
    }
}

void Stores::drop(Paths::iterator path) {
    n_tokens_ -= static_cast<int64_t>((*path)->tokens.size());
    paths_.erase(path);
}

void Stores::take_writes(std::vector<PageWrite> & writes) {
    const int32_t size = cache_.pool().page_tokens();
    while (!paths_.empty() && n_writing() < config_.most_writing) {
        const std::shared_ptr<Path> path = paths_.front();
        if (path->failed) {
            drop(paths_.begin());
            continue;
        }
        const int32_t n_pages = static_cast<int32_t>(path->keys.size());
        const PathMatch found = cache_.tree().match(path->salt, path->tokens.data(), n_pages * size);
        const int32_t in_tree = found.n_tokens / size;
        for (; path->next < in_tree && n_writing() < config_.most_writing; ++path->next) {
            const PageKey & key = path->keys[path->next];
            if (is_known(key)) continue;
            const auto first = path->tokens.begin() + static_cast<ptrdiff_t>(path->next) * size;
            const PageKey & parent = path->next > 0 ? path->keys[path->next - 1] : path->root;
            writes.push_back({next_job_, key, parent, path->kind, {first, first + size}, found.pages[path->next]});
            writing_.emplace(next_job_++, Writing{key, path});
            writing_keys_.insert(key);
            ++path->writing;
        }
        if (path->next < in_tree) return;
        drop(paths_.begin());
    }
}

void Stores::written(TierJob job, bool kept, Micros page_cost) {
    const auto it = writing_.find(job);
    if (it == writing_.end()) return;
    const Writing writing = std::move(it->second);
    writing_.erase(it);
    writing_keys_.erase(writing.key);
    Path & path = *writing.path;
    --path.writing;
    if (kept) {
        index_.add(writing.key, Tier::disk);
        ++n_stored_;
        told_failure_ = false;
    } else {
        path.failed = true;
        if (!std::exchange(told_failure_, true)) log_.write(0, 0, decision::StoreFailed{n_writing() + 1});
    }
    // The last one that refers to it: all of it was given out.
    if (path.writing > 0) return;
    if (path.failed) return cache_.mark_refused(path.salt, path.tokens);
    if (writing.path.use_count() > 1) return;
    cache_.mark_kept(path.salt, path.tokens, path.next * cache_.pool().page_tokens(), page_cost);
}

}  // namespace banyan
