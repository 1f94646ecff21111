#include "core/tiers/stores.h"

#include <algorithm>
#include <utility>

#include "core/tiers/path-keys.h"

namespace banyan {

void Stores::want(Salt salt, const PageKey & root, const std::vector<Token> & tokens, const std::vector<PageKey> & keys,
                  int32_t n_tokens, ColdKind kind, StoreReason reason, ProgramId program) {
    if (!config_.on) return;
    const int32_t size = cache_.pool().page_tokens();
    std::optional<ColdState> state;
    if (cache_.has_states()) {
        n_tokens = cache_.match(salt, tokens, n_tokens);
        if (n_tokens > 0) state = state_at(root, keys, tokens, n_tokens, size);
    }
    const int32_t n_pages = n_tokens / size;
    int32_t known = 0;
    while (known < n_pages && is_known(keys[known])) ++known;
    if (known == n_pages && (!state || is_known(*state))) return;
    const auto goes_as_far = [&](const std::shared_ptr<Path> & path) {
        if (state) return path->state && path->state->key == state->key;
        return path->keys.size() >= static_cast<size_t>(n_pages) && path->keys[n_pages - 1] == keys[n_pages - 1];
    };
    if (std::any_of(paths_.begin(), paths_.end(), goes_as_far)) return;
    n_tokens = state ? n_tokens : n_pages * size;
    if (n_tokens > kWanted) return;
    while (n_tokens_ + n_tokens > kWanted) drop(paths_.begin());
    log_.write(0, program, decision::Store{n_pages - known, state && !is_known(*state) ? 1 : 0, reason});
    const auto path = std::make_shared<Path>(Path{salt,
                                                  root,
                                                  {tokens.begin(), tokens.begin() + n_tokens},
                                                  {keys.begin(), keys.begin() + n_pages},
                                                  state,
                                                  kind,
                                                  known});
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
        const auto n_tokens = static_cast<int32_t>(tokens.size());
        extend_keys(keys, *p.root, tokens, n_tokens, cache_.pool().page_tokens());
        want(mark->salt, *p.root, tokens, keys, n_tokens, ColdKind::history, reason, p.anonymous ? 0 : p.program);
    }
}

void Stores::drop(Paths::iterator path) {
    n_tokens_ -= static_cast<int64_t>((*path)->tokens.size());
    paths_.erase(path);
}

void Stores::take_writes(std::vector<PageWrite> & writes) {
    while (!paths_.empty() && n_writing() < config_.most_writing) {
        const std::shared_ptr<Path> path = paths_.front();
        if (!path->failed && (!write_pages(path, writes) || !write_state(path, writes))) return;
        drop(paths_.begin());
    }
}

/** False: some wait until others are written. */
bool Stores::write_pages(const std::shared_ptr<Path> & path, std::vector<PageWrite> & writes) {
    const int32_t size = cache_.pool().page_tokens(), n_pages = static_cast<int32_t>(path->keys.size());
    const PathMatch found = cache_.tree().match(path->salt, path->tokens.data(), n_pages * size);
    const int32_t in_tree = found.n_tokens / size;
    for (; path->next < in_tree && n_writing() < config_.most_writing; ++path->next) {
        const PageKey & key = path->keys[path->next];
        if (is_known(key)) continue;
        const auto first = path->tokens.begin() + static_cast<ptrdiff_t>(path->next) * size;
        const PageKey & parent = path->next > 0 ? path->keys[path->next - 1] : path->root;
        add(path, {0, key, parent, path->kind, {first, first + size}, found.pages[path->next]}, writes);
    }
    return path->next >= in_tree;
}

/** False: it waits for its turn, or until the runner has it: a state is large, so one is written at a time. */
bool Stores::write_state(const std::shared_ptr<Path> & path, std::vector<PageWrite> & writes) {
    if (!path->state || is_known(*path->state) || path->next < static_cast<int32_t>(path->keys.size())) return true;
    const PathMatch found = cache_.tree().match(path->salt, path->tokens.data(), path->state->n_tokens);
    const RadixNode * const node = found.resumable;
    if (!node || node->end() != path->state->n_tokens) return true;  // it went, and the path with it
    const bool is_quiet = cache_.states().is_saved(node->state->id);
    if (!is_quiet || n_states_writing_ > 0 || n_writing() >= config_.most_writing) return false;
    const int32_t size = cache_.pool().page_tokens(), n_tokens = path->state->n_tokens;
    const bool has_tail = n_tokens % size != 0;
    const auto first = path->tokens.end() - n_tokens % size;
    ++n_states_writing_;
    add(path,
        {0,
         path->state->key,
         path->state->parent,
         path->kind,
         {first, path->tokens.end()},
         has_tail ? found.pages.back() : kNoPage,
         node->state->id,
         n_tokens},
        writes);
    return true;
}

void Stores::add(const std::shared_ptr<Path> & path, PageWrite write, std::vector<PageWrite> & writes) {
    write.job = next_job_++;
    writing_.emplace(write.job, Writing{write.key, path, write.state != kNoState});
    writing_keys_.insert(write.key);
    ++path->writing;
    writes.push_back(std::move(write));
}

void Stores::written(TierJob job, bool kept, Micros page_cost) {
    const auto it = writing_.find(job);
    if (it == writing_.end()) return;
    const Writing writing = std::move(it->second);
    writing_.erase(it);
    writing_keys_.erase(writing.key);
    Path & path = *writing.path;
    --path.writing;
    n_states_writing_ -= writing.is_state;
    if (kept) {
        if (writing.is_state) {
            cold_states_.add(writing.key, path.state->parent);
            ++n_states_stored_;
        } else {
            index_.add(writing.key, Tier::disk);
            ++n_stored_;
        }
        told_failure_ = false;
    } else {
        path.failed = true;
        if (!std::exchange(told_failure_, true)) {
            log_.write(0, 0, decision::StoreFailed{n_writing() + !writing.is_state, writing.is_state});
        }
    }
    // The last one that refers to it: all of it was given out.
    if (path.writing > 0) return;
    if (path.failed) return cache_.mark_refused(path.salt, path.tokens);
    if (writing.path.use_count() > 1) return;
    if (path.state && !cold_states_.has(path.state->key)) return;
    if (path.state) cache_.mark_state_kept(path.salt, path.tokens, path.state->n_tokens);
    cache_.mark_kept(path.salt, path.tokens, path.next * cache_.pool().page_tokens(), page_cost);
}

}  // namespace banyan
