// Which saved states of recurrent layers a tier keeps, and how far along a path the next one is.
//
// Owns: an entry a kept state. Changed by: take, add, remove. Thread: the engine thread.
// Invariant: a hint and no promise, as in cold-index.h. A state's key is that of all tokens before it, of its tenant
// and of its model; its parent is the key of the last full page before it.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/memory/cold-page.h"
#include "core/memory/page-key.h"
#include "core/types.h"

namespace banyan {

/** A state that a tier keeps: after the first n_tokens of a path. */
struct ColdState {
    PageKey key, parent;
    int32_t n_tokens = 0;
};

/** The state's key after the first n_tokens of the path. keys: of its full pages; root: before them. */
ColdState state_at(const PageKey & root, const std::vector<PageKey> & keys, const std::vector<Token> & tokens,
                   int32_t n_tokens, int32_t page_tokens);

class ColdStates {
  public:
    /** What changed in the tier. */
    void take(const ColdNews & news);
    void add(const PageKey & key, const PageKey & parent);
    void remove(const PageKey & key);

    bool has(const PageKey & key) const { return parents_.count(key) > 0; }
    int64_t size() const { return static_cast<int64_t>(parents_.size()); }

    /** The last one after more than `from` of the path's tokens, and at most `to`; nullopt: none is kept. */
    std::optional<ColdState> last(const PageKey & root, const std::vector<PageKey> & keys,
                                  const std::vector<Token> & tokens, int32_t from, int32_t to,
                                  int32_t page_tokens) const;

  private:
    std::unordered_map<PageKey, PageKey, PageKeyHash> parents_;  // by the state's key
    std::unordered_map<PageKey, int32_t, PageKeyHash> behind_;   // states behind a page
};

}  // namespace banyan
