// What writers of one directory would have from each other: who is full and what it would put there is on record.
//
//   <dir>/claims   kMost claims of 64 bytes
//
// Owns: nothing. Thread: one at a time, under the directory's lock. Invariant: a claim is a wish: a damaged, old or
// missing one costs pages, never the budget.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/memory/cold-page.h"
#include "store/file-system.h"

namespace banyan::store {

/** How much a page is worth keeping, as far as processes can compare it. */
struct Worth {
    ColdKind kind = ColdKind::history;
    uint32_t used = 0;  // wall seconds of the last use, roughly

    /** So much less that it is worth moving pages for. */
    bool far_below(const Worth & other) const;
};

/** One writer's: the directory had this many bytes at most, if others gave up what is worth less. */
struct Claim {
    Worth worth;          // of what it has to give up otherwise
    int64_t ceiling = 0;  // bytes of all files
};

class Claims {
  public:
    Claims(FileSystem & files, const std::string & dir) : files_(files), path_(dir + "/claims") {}

    /** writer: the number of its index file. 0 or an errno. */
    int make(uint64_t writer, const Claim & claim);
    /** The one of another writer that asks for most, of the latest seconds. */
    std::optional<Claim> of_others(uint64_t writer);

  private:
    FileSystem & files_;
    const std::string path_;
};

}  // namespace banyan::store
