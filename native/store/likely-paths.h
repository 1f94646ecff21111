// What a new process is likely to be asked for, of what lies in the directory: system prompts with their tools first,
// then the paths that were used last.
//
// Owns: the records it was given, up to kMost pages, until take(). Thread: the owner's mutex.
// Invariant: a path is told whole, from its root on, or not at all.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "store/record.h"

namespace banyan::store {

class LikelyPaths {
  public:
    void add(const Record & record);
    /** Tokens of the paths that begin at this root, the likeliest first, of at most so many pages together. */
    std::vector<std::vector<Token>> take(const PageKey & root, int64_t most_pages);

    static constexpr size_t kMost = 1 << 16;

  private:
    struct Kept {
        PageKey key, parent;
        ColdKind kind = ColdKind::history;
        uint32_t used = 0;
        std::vector<Token> tokens;
    };
    std::vector<const Kept *> ends() const;
    /** From the root to this page; none: a page of it is missing, or it has another root. */
    std::vector<const Kept *> path_to(const Kept & end, const PageKey & root) const;

    std::unordered_map<PageKey, Kept, PageKeyHash> pages_;
};

}  // namespace banyan::store
