// The few calls of a file system that the store makes, so that tests can be a disk that fails, hangs or forgets.
//
// Thread: every call may come from several threads at once. Nothing throws: an int is 0 or an errno.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace banyan::store {

class File {
  public:
    virtual ~File() = default;

    /** Bytes read, fewer only at the file's end; -errno. */
    virtual int64_t read(void * to, int64_t bytes, int64_t at) = 0;
    /** All of it. */
    virtual int write(const void * from, int64_t bytes, int64_t at) = 0;
    /** The file becomes exactly so long; when it grows, with blocks of its own where the file system can. */
    virtual int resize(int64_t bytes) = 0;
    /** What was written survives a power cut. */
    virtual int sync() = 0;
    /** -errno when it cannot be told. */
    virtual int64_t size() = 0;
    /** Exclusive, without waiting, until the file is closed; of other processes and other handles of this one. */
    virtual bool lock() = 0;
    /** Which file it is, whatever its path means by now. */
    virtual uint64_t number() = 0;
};

enum class OpenFor : uint8_t { reading, writing };  // writing: reading too; made when missing, mode 0600

/** Of what a path leads to. */
struct FileStamp {
    uint64_t number = 0;  // File::number(); 0: there is no file
    int64_t bytes = 0;
    int64_t changed = 0;  // nanoseconds of the wall clock
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;

    /** Mode 0700, and those above it that are missing; 0 also when it was there. */
    virtual int make_dir(const std::string & path) = 0;
    /** Why the directory must not be used (a link, another user's, on a network, not private), '': it may. */
    virtual std::string refuse(const std::string & path, bool network) = 0;
    /** Names of files and directories in it. */
    virtual std::vector<std::string> list(const std::string & path) = 0;
    /** Never through a link. nullptr: `error` says why. */
    virtual std::unique_ptr<File> open(const std::string & path, OpenFor what, int & error) = 0;
    virtual FileStamp stamp(const std::string & path) = 0;
    virtual int remove(const std::string & path) = 0;
    virtual int remove_dir(const std::string & path) = 0;
    /** For this user; -errno. */
    virtual int64_t free_bytes(const std::string & path) = 0;

    /** Seconds of the wall clock: comparable between processes and after restarts. */
    virtual int64_t wall_seconds() = 0;
    /** Random bytes fit for a secret. */
    virtual int random(void * to, size_t bytes) = 0;
};

/** The machine's own. nullptr where the store has none (Windows). */
std::shared_ptr<FileSystem> system_files();

}  // namespace banyan::store
