// What lies in a cache's directory, for people: of which models, how much, and when it was used last; and its removal.
//
// Owns: nothing. Thread: the caller's, which waits for the disk. Invariant: looking changes nothing and makes nothing;
// only files that a store made are ever removed. Processes that use the directory go on meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "store/file-system.h"

namespace banyan::store {

/** Pages that begin at one root. */
struct TenantPages {
    std::string tag;  // '': asked for no tenant; else the first digits of its root's key, which tell nothing else of it
    int64_t pages = 0;
};

/** What is kept of one model: a folder of the directory, of its pages or of its saved states, which count as pages. */
struct KeptModel {
    std::string folder;           // its name: 16 digits of the identity, and what is kept
    std::string label, identity;  // '': no header in it is whole
    int64_t bytes = 0;            // of all its files
    int64_t slot_bytes = 0;       // of one page
    int32_t page_tokens = 0;
    int64_t pages = 0, fixed_pages = 0;  // each counted once; fixed: of static prefixes
    int64_t used = 0;                    // wall seconds of the last use, roughly; 0: none
    bool in_use = false;                 // a process writes there
    std::vector<TenantPages> tenants;    // most pages first. A path whose beginning is gone counts as one of its own;
                                         // none of saved states

    template <typename See>
    void each_field(See && see) const {
        see("folder", folder);
        see("label", label);
        see("identity", identity);
        see("bytes", bytes);
        see("pageBytes", slot_bytes);
        see("pageTokens", page_tokens);
        see("pages", pages);
        see("fixedPages", fixed_pages);
        see("usedAt", used);
        see("inUse", in_use);
    }
};

/** Most bytes first; none when there is no such directory. Throws std::runtime_error when it must not be read. */
std::vector<KeptModel> inventory_of(FileSystem & files, const std::string & dir, const std::atomic<bool> & abort);

/**
 * Removes what is kept of these, by KeptModel::folder; with `all` the secret of the tenants' tags too. Returns the
 * bytes that went. Throws std::runtime_error when the directory must not be touched, or its lock cannot be had.
 */
int64_t remove_kept(FileSystem & files, const std::string & dir, const std::vector<std::string> & folders, bool all);

}  // namespace banyan::store
