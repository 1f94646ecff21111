#include "native/faulty-files.h"

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace banyan::bench {

using store::FileStamp;
using store::OpenFor;

namespace {

constexpr double kBytesPerSecond = 5e6;

}  // namespace

const int FaultyFiles::kReadOnly = EROFS;

class FaultyFile final : public store::File {
  public:
    FaultyFile(std::shared_ptr<FaultyFiles> disk, std::unique_ptr<store::File> file)
        : disk_(std::move(disk)), file_(std::move(file)) {}

    int64_t read(void * to, int64_t bytes, int64_t at) override {
        disk_->ask();
        const int64_t n = file_->read(to, bytes, at);
        disk_->carry(n);
        return n;
    }
    int write(const void * from, int64_t bytes, int64_t at) override {
        if (const int error = disk_->ask_write()) return error;
        disk_->carry(bytes);
        return file_->write(from, bytes, at);
    }
    int resize(int64_t bytes) override {
        const Fault fault = disk_->ask();
        if (fault == Fault::read_only) return EROFS;
        if (fault == Fault::full && bytes > file_->size()) return ENOSPC;
        return file_->resize(bytes);
    }
    int sync() override {
        disk_->ask();
        return file_->sync();
    }
    int64_t size() override { return file_->size(); }
    bool lock() override { return file_->lock(); }
    uint64_t number() override { return file_->number(); }

  private:
    const std::shared_ptr<FaultyFiles> disk_;
    const std::unique_ptr<store::File> file_;
};

void FaultyFiles::turn(Fault fault) {
    const std::lock_guard<std::mutex> lock(mutex_);
    fault_ = fault;
    turned_.notify_all();
}

Fault FaultyFiles::ask() {
    std::unique_lock<std::mutex> lock(mutex_);
    turned_.wait(lock, [this] { return fault_ != Fault::hangs; });
    return fault_;
}

void FaultyFiles::carry(int64_t bytes) {
    if (bytes <= 0 || ask() != Fault::throttled) return;
    const std::lock_guard<std::mutex> one_at_a_time(wire_);
    std::this_thread::sleep_for(std::chrono::duration<double>(static_cast<double>(bytes) / kBytesPerSecond));
}

int FaultyFiles::make_dir(const std::string & path) {
    const int error = ask_write();
    return error ? error : files_->make_dir(path);
}

std::vector<std::string> FaultyFiles::list(const std::string & path) {
    ask();
    return files_->list(path);
}

std::unique_ptr<store::File> FaultyFiles::open(const std::string & path, OpenFor what, int & error) {
    if (ask() == Fault::read_only && what == OpenFor::writing) {
        error = EROFS;
        return nullptr;
    }
    std::unique_ptr<store::File> file = files_->open(path, what, error);
    return file ? std::make_unique<FaultyFile>(shared_from_this(), std::move(file)) : nullptr;
}

FileStamp FaultyFiles::stamp(const std::string & path) {
    ask();
    return files_->stamp(path);
}

int FaultyFiles::remove(const std::string & path) {
    const int error = ask_write();
    return error ? error : files_->remove(path);
}

int FaultyFiles::remove_dir(const std::string & path) {
    const int error = ask_write();
    return error ? error : files_->remove_dir(path);
}

}  // namespace banyan::bench
