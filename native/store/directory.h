// The cache's directory, which several processes and models share: who may use it, and how large it is.
//
//   <dir>/lock, secret, written, claims, <identity, 16 hex>-<part>/<n>.slots, <n>.index
//
// Owns: nothing but names; a Lock while it lives. Changed by: claim, make_room. Thread: one at a time.
// Invariant: arenas are made, grown and removed only under the directory's lock, so that all together stay in the
// budget, which is one for all who write: a store that is full asks the others by a claim.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/arena.h"
#include "store/claims.h"
#include "store/page-store.h"

namespace banyan::store {

/** The directory's lock, until it is closed. nullptr: others had it all the time, for some tenths of a second. */
std::unique_ptr<File> lock_directory(FileSystem & files, const std::string & dir);
/** Names of the folders that stores made in it, one a model. */
std::vector<std::string> page_folders(FileSystem & files, const std::string & dir);
/** Paths of a folder's arenas, without .slots and .index. */
std::vector<std::string> bases_in(FileSystem & files, const std::string & folder);

class Directory {
  public:
    using Lock = std::unique_ptr<File>;

    /** Makes it when missing. Throws std::runtime_error when it must not, or can not, be used. */
    Directory(FileSystem & files, const PageStoreConfig & config);

    /** 32 random bytes, made by the first process; only in it: nothing outside says which tag is which tenant's. */
    const std::string & secret() const { return secret_; }
    /** Bytes that the directory may have, as the config says and as the disk had room at the start. */
    int64_t budget() const { return budget_; }

    const std::string & path() const { return config_.dir; }
    /** Again, where it was removed. 0 or an errno. */
    int make();
    Lock lock() { return lock_directory(files_, config_.dir); }

    // Under the lock:

    /** An arena to write: the largest that no process has, else a new one. nullptr: `error` is why. */
    std::unique_ptr<Arena> claim(const Header & like, int & error);
    /** By how many bytes the own arena may grow, `most` at most. Removes arenas that no process has, other models'
     * first. */
    int64_t make_room(const Arena & own, int64_t most);
    /** The others should give up `bytes` of what is worth less. False: there are no others, or it is too much. */
    bool claim_room(const Arena & own, const Worth & worth, int64_t bytes);
    /** What another writer asks for, while the directory has more than its claim leaves. */
    struct Asked {
        Worth worth;
        int64_t bytes = 0;
    };
    std::optional<Asked> asked(const Arena & own);
    /** Of all slots and records together. */
    int64_t limit() const;

    /** Paths of this identity's arenas, without .slots and .index. */
    std::vector<std::string> bases() const { return bases_in(files_, folder_); }
    /** Of all arenas. */
    int64_t bytes() const;

  private:
    struct Other {
        std::string base;
        int64_t bytes = 0, changed = 0;
        bool ours = false;
        bool locked = false;
    };
    std::vector<std::string> folders() const;
    std::vector<Other> others(const Arena & own) const;
    void prepare();
    void read_secret();
    int64_t room() const;
    int64_t all_files() const;

    FileSystem & files_;
    PageStoreConfig config_;
    std::string folder_;
    std::string secret_;
    int64_t budget_ = 0;
    Claims claims_;
};

}  // namespace banyan::store
