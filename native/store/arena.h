// Two files: slots of one size, and a record of each. One process writes them, all read them.
//
//   <n>.slots  [4 KiB header][slot 0][slot 1]...      <n>.index  [4 KiB header][record 0][record 1]...
//
// Owns: the open files; an owned arena also its lock. Changed by: write, free, touch, resize (of an owned arena, by one
// thread at a time). Thread: read and scan from any. Invariant: a slot's data is written before its record, and a
// reused slot's record is emptied before its data: in whichever order the disk keeps them, a record that does not fit
// its slot's bytes is no page.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/file-system.h"
#include "store/record.h"

namespace banyan::store {

/** What a look at one slot gave. */
enum class Found : uint8_t { whole, other, failed };  // other: not that page, or not its bytes; failed: the disk

class Arena {
  public:
    /** base: path without .slots and .index. nullptr: not there, or not of this header's geometry and identity. */
    static std::unique_ptr<Arena> open(FileSystem & files, const std::string & base, const Header & like);
    /**
     * Locked for this process: as it was left when it fits `like`, else emptied. nullptr, error 0: another process has
     * it; else an errno.
     */
    static std::unique_ptr<Arena> own(FileSystem & files, const std::string & base, const Header & like, int & error);

    /** Another process, or another handle, writes it. */
    static bool locked(FileSystem & files, const std::string & base);
    /** Both files; not of an arena that is locked. */
    static void remove(FileSystem & files, const std::string & base);
    /** Of both files, as their paths are now. */
    static int64_t bytes_at(FileSystem & files, const std::string & base);

    const std::string & base() const { return base_; }
    /** That both files have room for. */
    int32_t n_slots();
    int64_t bytes() { return bytes_for(header_.geometry, n_slots()); }
    static int64_t bytes_for(const Geometry & geometry, int32_t n_slots);
    /** Of its index file: no other arena of the directory has it. */
    uint64_t number() const { return index_number_; }
    /** The paths still lead to these files. */
    bool is_there(FileSystem & files) const;

    /** buffer: [stride, at least record_bytes]. The page's bytes when its record names this key, parent and tokens, and
     * its digest fits. */
    Found read(int32_t slot, const PageKey & key, const PageKey & parent, const std::vector<Token> & tokens,
               char * buffer, Record & record);
    /** As read, of whatever page its record names. */
    Found read_any(int32_t slot, char * buffer, Record & record);
    /** Calls see(slot, record) of the used slots in [first, first + n). False: the disk failed. */
    bool scan(int32_t first, int32_t n, const std::function<void(int32_t, const Record &)> & see);

    // Of an owned arena. 0 or an errno.
    /** buffer: [stride], what is behind slot_bytes is written as it is. Completes record.digest. */
    int write(int32_t slot, Record & record, const char * buffer);
    int write_record(int32_t slot, const Record & record);
    int free(int32_t slot);
    int resize(int32_t n_slots);
    int sync();

  private:
    Arena(std::string base, std::unique_ptr<File> slots, std::unique_ptr<File> index)
        : base_(std::move(base)), slots_(std::move(slots)), index_(std::move(index)) {}
    bool read_headers(const Header & like);
    Found read_if(int32_t slot, char * buffer, Record & record, const std::function<bool(const Record &)> & fits);
    int64_t slot_at(int32_t slot) const { return kHeaderBytes + header_.geometry.stride() * slot; }
    int64_t record_at(int32_t slot) const { return kHeaderBytes + header_.geometry.record_bytes() * slot; }

    std::string base_;
    std::unique_ptr<File> slots_, index_;
    uint64_t slots_number_ = 0, index_number_ = 0;
    Header header_;
};

}  // namespace banyan::store
