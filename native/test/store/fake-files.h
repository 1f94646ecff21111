// A disk in memory that can fail, hang, be slow, be full, and lose power: of what was written since the last sync any
// part may then be there, in any order, cut at any sector.
//
// Owns: the files and what was not synced. Thread: any; one mutex.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/file-system.h"

namespace banyan::test {

class FakeFiles final : public store::FileSystem, public std::enable_shared_from_this<FakeFiles> {
  public:
    struct Write {
        int64_t at;
        std::vector<char> bytes;  // empty: the file was resized to `at`
    };
    struct Node {
        std::vector<char> bytes, synced;
        std::vector<Write> unsynced;
        uint64_t number = 0;
        int64_t changed = 0;
        bool locked = false;
    };

    int make_dir(const std::string & path) override;
    std::string refuse(const std::string &, bool) override { return ""; }
    std::vector<std::string> list(const std::string & path) override;
    std::unique_ptr<store::File> open(const std::string & path, store::OpenFor what, int & error) override;
    store::FileStamp stamp(const std::string & path) override;
    int remove(const std::string & path) override;
    int remove_dir(const std::string &) override { return 0; }
    int64_t free_bytes(const std::string &) override { return capacity - used(); }
    int64_t wall_seconds() override { return wall; }
    int random(void * to, size_t bytes) override;

    /** What a machine finds after a power cut now; this disk goes on. */
    std::shared_ptr<FakeFiles> after_power_cut(uint32_t seed);
    /** Bytes of all files; by path: of one. */
    int64_t used();
    std::vector<char> & bytes(const std::string & path) { return nodes_.at(path)->bytes; }
    std::vector<std::string> paths();

    /** Asked before each read, write, resize, sync and make_dir, with its name and path; not 0: that error comes back. */
    std::function<int(const char * call, const std::string & path)> before;
    /** Calls of which hang until release(). */
    void hang(bool on);
    /** Returns once so many calls hang; a test that waits for longer than its patience is stuck. */
    void wait_hanging(int calls);

    std::atomic<int64_t> capacity{INT64_MAX / 2};
    std::atomic<int64_t> wall{1'000'000'000};
    int64_t most_used = 0;  // ever

  private:
    friend class FakeFile;
    int ask(const char * call, const std::string & path);
    void grown();

    std::mutex mutex_;
    std::condition_variable released_, held_;
    std::map<std::string, std::shared_ptr<Node>> nodes_;
    std::set<std::string> dirs_;
    std::mt19937 random_{7};
    uint64_t numbers_ = 0;
    int64_t changes_ = 0;
    bool hangs_ = false;
    int hanging_ = 0;
};

}  // namespace banyan::test
