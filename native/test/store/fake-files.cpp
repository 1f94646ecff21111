#include "store/fake-files.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace banyan::test {

using store::FileStamp;
using store::OpenFor;

namespace {

constexpr int64_t kSector = 512;

void put_into(std::vector<char> & bytes, const FakeFiles::Write & write) {
    if (write.bytes.empty()) return bytes.resize(static_cast<size_t>(write.at));
    const auto end = static_cast<size_t>(write.at) + write.bytes.size();
    if (bytes.size() < end) bytes.resize(end);
    std::copy(write.bytes.begin(), write.bytes.end(), bytes.begin() + write.at);
}

}  // namespace

class FakeFile final : public store::File {
  public:
    FakeFile(std::shared_ptr<FakeFiles> disk, std::string path, std::shared_ptr<FakeFiles::Node> node)
        : disk_(std::move(disk)), path_(std::move(path)), node_(std::move(node)) {}
    ~FakeFile() override {
        const std::lock_guard<std::mutex> lock(disk_->mutex_);
        if (mine_) node_->locked = false;
    }

    int64_t read(void * to, int64_t bytes, int64_t at) override {
        if (const int error = disk_->ask("read", path_)) return -error;
        const std::lock_guard<std::mutex> lock(disk_->mutex_);
        const int64_t n = std::clamp<int64_t>(static_cast<int64_t>(node_->bytes.size()) - at, 0, bytes);
        if (n > 0) std::memcpy(to, node_->bytes.data() + at, static_cast<size_t>(n));
        return n;
    }

    int write(const void * from, int64_t bytes, int64_t at) override {
        if (const int error = disk_->ask("write", path_)) return error;
        const auto * data = static_cast<const char *>(from);
        return change({at, {data, data + bytes}}, at + bytes);
    }

    int resize(int64_t bytes) override {
        if (const int error = disk_->ask("resize", path_)) return error;
        return change({bytes, {}}, bytes);
    }

    int sync() override {
        if (const int error = disk_->ask("sync", path_)) return error;
        const std::lock_guard<std::mutex> lock(disk_->mutex_);
        node_->synced = node_->bytes;
        node_->unsynced.clear();
        return 0;
    }

    int64_t size() override {
        const std::lock_guard<std::mutex> lock(disk_->mutex_);
        return static_cast<int64_t>(node_->bytes.size());
    }

    bool lock() override {
        const std::lock_guard<std::mutex> lock(disk_->mutex_);
        if (node_->locked && !mine_) return false;
        return node_->locked = mine_ = true;
    }

    uint64_t number() override { return node_->number; }

  private:
    int change(FakeFiles::Write write, int64_t end) {
        const int64_t used = disk_->used();
        const std::lock_guard<std::mutex> lock(disk_->mutex_);
        const int64_t more = end - static_cast<int64_t>(node_->bytes.size());
        if (more > 0 && used + more > disk_->capacity) return ENOSPC;
        put_into(node_->bytes, write);
        node_->unsynced.push_back(std::move(write));
        node_->changed = ++disk_->changes_;
        disk_->grown();
        return 0;
    }

    std::shared_ptr<FakeFiles> disk_;
    std::string path_;
    std::shared_ptr<FakeFiles::Node> node_;
    bool mine_ = false;
};

int FakeFiles::ask(const char * call, const std::string & path) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (hangs_) {
        ++hanging_;
        held_.notify_all();
        released_.wait(lock, [&] { return !hangs_; });
        --hanging_;
    }
    const auto asked = before;
    lock.unlock();
    return asked ? asked(call, path) : 0;
}

void FakeFiles::hang(bool on) {
    const std::lock_guard<std::mutex> lock(mutex_);
    hangs_ = on;
    released_.notify_all();
}

void FakeFiles::wait_hanging(int calls) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!held_.wait_for(lock, std::chrono::seconds(120), [&] { return hanging_ >= calls; })) std::abort();
}

void FakeFiles::grown() {
    int64_t sum = 0;
    for (const auto & [path, node] : nodes_) sum += static_cast<int64_t>(node->bytes.size());
    most_used = std::max(most_used, sum);
}

int64_t FakeFiles::used() {
    const std::lock_guard<std::mutex> lock(mutex_);
    int64_t sum = 0;
    for (const auto & [path, node] : nodes_) sum += static_cast<int64_t>(node->bytes.size());
    return sum;
}

std::vector<std::string> FakeFiles::paths() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> paths;
    for (const auto & [path, node] : nodes_) paths.push_back(path);
    return paths;
}

int FakeFiles::make_dir(const std::string & path) {
    if (const int error = ask("make_dir", path)) return error;
    const std::lock_guard<std::mutex> lock(mutex_);
    dirs_.insert(path);
    return 0;
}

std::vector<std::string> FakeFiles::list(const std::string & path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> names;
    const auto add = [&](const std::string & full) {
        if (full.rfind(path + "/", 0) != 0) return;
        const std::string rest = full.substr(path.size() + 1);
        if (rest.find('/') == std::string::npos) names.push_back(rest);
    };
    for (const auto & [full, node] : nodes_) add(full);
    for (const std::string & dir : dirs_) add(dir);
    return names;
}

std::unique_ptr<store::File> FakeFiles::open(const std::string & path, OpenFor what, int & error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto & node = nodes_[path];
    if (!node && what == OpenFor::reading) {
        nodes_.erase(path);
        error = ENOENT;
        return nullptr;
    }
    if (!node) {
        node = std::make_shared<Node>();
        node->number = ++numbers_;
        node->changed = ++changes_;
    }
    error = 0;
    return std::make_unique<FakeFile>(shared_from_this(), path, node);
}

FileStamp FakeFiles::stamp(const std::string & path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return {};
    return {found->second->number, static_cast<int64_t>(found->second->bytes.size()), found->second->changed};
}

int FakeFiles::remove(const std::string & path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return nodes_.erase(path) > 0 ? 0 : ENOENT;
}

int FakeFiles::random(void * to, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t i = 0; i < bytes; ++i) static_cast<char *>(to)[i] = static_cast<char>(random_());
    return 0;
}

std::shared_ptr<FakeFiles> FakeFiles::after_power_cut(uint32_t seed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto next = std::make_shared<FakeFiles>();
    std::mt19937 random(seed);
    next->dirs_ = dirs_;
    next->wall = wall.load();
    next->capacity = capacity.load();
    next->random_.seed(seed);
    for (const auto & [path, node] : nodes_) {
        auto copy = std::make_shared<Node>();
        copy->bytes = node->synced;
        copy->number = ++next->numbers_;
        std::vector<Write> kept;
        for (const Write & write : node->unsynced) {
            if (write.bytes.empty()) {
                if (random() % 2) kept.push_back(write);
                continue;
            }
            for (int64_t at = 0; at < static_cast<int64_t>(write.bytes.size()); at += kSector) {
                const int64_t end = std::min<int64_t>(at + kSector, static_cast<int64_t>(write.bytes.size()));
                if (random() % 4 == 0) continue;  // this sector was lost
                kept.push_back({write.at + at, {write.bytes.begin() + at, write.bytes.begin() + end}});
            }
        }
        if (random() % 2) std::shuffle(kept.begin(), kept.end(), random);
        for (const Write & write : kept) put_into(copy->bytes, write);
        copy->synced = copy->bytes;
        next->nodes_[path] = copy;
    }
    return next;
}

}  // namespace banyan::test
