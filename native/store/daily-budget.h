// Bytes that may be written to a directory within a day, by all processes, engines and models that share it.
//
//   <dir>/written   twice the same: [25 hours, number of the change, checksum], at 0 and 4096
//
// Owns: what it has set aside of the day for the pages to come. Changed by: take, put_back, give_back.
// Thread: one at a time. Invariant: bytes are on record, and the record on the disk, before they are written. So what
// is written within 24 hours is at most the limit, whichever process crashes; a crash costs what was set aside.
#pragma once

#include <cstdint>
#include <string>

#include "store/daily-bytes.h"
#include "store/directory.h"

namespace banyan::store {

enum class Grant : uint8_t {
    given,
    spent,  // the day's bytes are used up
    busy,   // others have the directory's lock, or it is gone for the moment
    failed  // the disk did not keep the record
};

class DailyBudget {
  public:
    /** limit: bytes within 24 hours. Throws nothing: a record that cannot be read now is read again at take(). */
    DailyBudget(FileSystem & files, Directory & directory, int64_t limit);

    /** Whether so many bytes may be written now; `error` is of Grant::failed. */
    Grant take(int64_t bytes, int & error);
    /** Of what was given: it was not written. */
    void put_back(int64_t bytes) { aside_ += bytes; }
    /** What is set aside, for the others. */
    void give_back();

    const std::string & path() const { return path_; }
    /** '', or a sentence on a record that was damaged; once. */
    std::string take_told();

  private:
    /** Calls change(hour) between reading and writing the record, under the directory's lock; false: `spent`. */
    template <typename Change>
    Grant update(Change change, int & error);
    /** False: it should be written, as not both copies are whole and the same. */
    bool read(File & file, int64_t hour);
    int write(File & file);

    FileSystem & files_;
    Directory & directory_;
    const std::string path_;
    const int64_t limit_;
    DailyBytes written_;  // by all, as the record said last
    uint64_t number_ = 0;
    int whole_ = 0;  // a copy that is
    bool known_ = false;
    int64_t aside_ = 0, aside_hour_ = 0;
    std::string told_;
};

}  // namespace banyan::store
