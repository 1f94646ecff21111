// The machine's own files with a fault between them and the store: what a full, read-only, hanging or slow disk answers,
// on any machine and without a right to mount one. Bytes that come through are those of the real disk.
//
// Owns: which fault there is. Thread: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/words.h"
#include "store/file-system.h"

namespace banyan::bench {

enum class Fault : uint8_t {
    none,
    full,       // no file grows: ENOSPC
    read_only,  // nothing is written, made or removed: EROFS
    hangs,      // no call comes back before the fault is over
    throttled,  // 5 MB a second, reads and writes together
};

class FaultyFiles final : public store::FileSystem, public std::enable_shared_from_this<FaultyFiles> {
  public:
    explicit FaultyFiles(std::shared_ptr<store::FileSystem> files) : files_(std::move(files)) {}

    /** From now on; calls that hang come back with another one. */
    void turn(Fault fault);

    int make_dir(const std::string & path) override;
    std::string refuse(const std::string & path, bool network) override { return files_->refuse(path, network); }
    std::vector<std::string> list(const std::string & path) override;
    std::unique_ptr<store::File> open(const std::string & path, store::OpenFor what, int & error) override;
    store::FileStamp stamp(const std::string & path) override;
    int remove(const std::string & path) override;
    int remove_dir(const std::string & path) override;
    int64_t free_bytes(const std::string & path) override { return files_->free_bytes(path); }
    int64_t wall_seconds() override { return files_->wall_seconds(); }
    int random(void * to, size_t bytes) override { return files_->random(to, bytes); }

  private:
    friend class FaultyFile;
    /** Waits where the disk hangs. */
    Fault ask();
    int ask_write() { return ask() == Fault::read_only ? kReadOnly : 0; }
    /** Waits as long as so many bytes take, behind all that came before. */
    void carry(int64_t bytes);

    static const int kReadOnly;
    const std::shared_ptr<store::FileSystem> files_;
    std::mutex mutex_, wire_;
    std::condition_variable turned_;
    Fault fault_ = Fault::none;
};

}  // namespace banyan::bench

namespace banyan {

template <>
struct Words<bench::Fault> {
    static constexpr auto list = words("none", "full", "read-only", "hangs", "throttled");
};

}  // namespace banyan
