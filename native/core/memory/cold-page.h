// What the core and the page store tell each other of a page that is kept outside the pool. Plain records.
#pragma once

#include <vector>

#include "core/memory/page-key.h"
#include "core/words.h"

namespace banyan {

/** What a kept page is of; history goes before fixed when the store is full. */
enum class ColdKind : uint8_t { history = 0, fixed = 1 };  // fixed: a static prefix, such as system prompt and tools
template <>
struct Words<ColdKind> {
    static constexpr auto list = words("history", "fixed");
};

/** One kept page. */
struct ColdPage {
    PageKey key, parent;
    ColdKind kind = ColdKind::history;
};

/** What changed among the kept pages, also by other processes that share the directory. */
struct ColdNews {
    std::vector<ColdPage> added;
    std::vector<PageKey> removed;
};

}  // namespace banyan
