#include "store/directory.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <stdexcept>
#include <thread>

namespace banyan::store {

namespace {

constexpr int kTries = 200;
constexpr auto kBetween = std::chrono::milliseconds(2);
constexpr int64_t kSecretBytes = 32;
constexpr int64_t kSmallFiles = 64 << 10;  // of the budget: lock, secret, written, claims, the directories themselves
constexpr int64_t kNewArenas = 64 << 10;   // of the budget: headers of those who come when it is full
constexpr int kMostArenas = 256;

constexpr const char * kEndings[] = {".slots", ".index"};

[[noreturn]] void refuse(const std::string & why) {
    throw std::runtime_error(why);
}

bool is_identity_folder(const std::string & name) {
    const size_t dash = name.find('-');
    return dash == 16 && name.find_first_not_of("0123456789abcdef") == dash &&
           (name.substr(dash) == "-pages" || name.substr(dash) == "-states");
}

}  // namespace

Directory::Directory(FileSystem & files, const PageStoreConfig & config)
    : files_(files), config_(config), claims_(files, config.dir) {
    const bool hex = config.identity.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (config.identity.size() < 16 || !hex) refuse("the model's identity is not known");
    folder_ = config_.dir + "/" + config.identity.substr(0, 16) + "-" + config_.part;
    prepare();
    budget_ = std::min(config_.budget_bytes, room());
    for (int tries = 0; secret_.empty(); ++tries) {
        if (tries == 5) refuse(config_.dir + ": another process holds its lock");
        if (const Lock locked = lock()) read_secret();
    }
}

void Directory::prepare() {
    for (const std::string & path : {config_.dir, folder_}) {
        const int error = files_.make_dir(path);
        if (error != 0) refuse(path + ": " + std::strerror(error));
        const std::string why = files_.refuse(path, config_.network);
        if (!why.empty()) refuse(why);
    }
}

int Directory::make() {
    return files_.make_dir(folder_);
}

void Directory::read_secret() {
    int error = 0;
    const std::string path = config_.dir + "/secret";
    const auto file = files_.open(path, OpenFor::writing, error);
    if (!file) refuse(path + ": " + std::strerror(error));
    std::string secret(kSecretBytes, '\0');
    if (file->read(secret.data(), kSecretBytes, 0) != kSecretBytes) {
        if (!secret_.empty()) {
            secret = secret_;  // the directory was emptied meanwhile: tags that are in use stay right
        } else {
            error = files_.random(secret.data(), kSecretBytes);
        }
        if (error == 0) error = file->write(secret.data(), kSecretBytes, 0);
        if (error == 0) error = file->sync();
        if (error != 0) refuse(path + ": " + std::strerror(error));
    }
    secret_ = secret;
}

std::unique_ptr<File> lock_directory(FileSystem & files, const std::string & dir) {
    int error = 0;
    auto file = files.open(dir + "/lock", OpenFor::writing, error);
    for (int tries = 0; file && tries < kTries; ++tries) {
        if (file->lock()) return file;
        std::this_thread::sleep_for(kBetween);
    }
    return nullptr;
}

std::vector<std::string> bases_in(FileSystem & files, const std::string & folder) {
    std::set<std::string> bases;
    for (const std::string & name : files.list(folder)) {
        for (const std::string ending : kEndings) {
            if (name.size() <= ending.size() || name.substr(name.size() - ending.size()) != ending) continue;
            bases.insert(folder + "/" + name.substr(0, name.size() - ending.size()));
        }
    }
    return {bases.begin(), bases.end()};
}

std::vector<std::string> page_folders(FileSystem & files, const std::string & dir) {
    std::vector<std::string> names = files.list(dir);
    names.erase(std::remove_if(names.begin(), names.end(), [](const auto & name) { return !is_identity_folder(name); }),
                names.end());
    return names;
}

std::vector<std::string> Directory::folders() const {
    std::vector<std::string> folders = page_folders(files_, config_.dir);
    for (std::string & name : folders) name = config_.dir + "/" + name;
    return folders;
}

int64_t Directory::bytes() const {
    int64_t bytes = 0;
    for (const std::string & folder : folders()) {
        for (const std::string & base : bases_in(files_, folder)) bytes += Arena::bytes_at(files_, base);
    }
    return bytes;
}

/** Its part of the disk. */
int64_t Directory::room() const {
    const int64_t free = config_.free_share < 1 ? files_.free_bytes(config_.dir) : -1;
    if (free < 0) return INT64_MAX;
    return static_cast<int64_t>(config_.free_share * static_cast<double>(free + bytes()));
}

int64_t Directory::all_files() const {
    return budget_ - kSmallFiles;
}

int64_t Directory::limit() const {
    return all_files() - std::min(kNewArenas, all_files() / 16);
}

std::unique_ptr<Arena> Directory::claim(const Header & like, int & error) {
    try {
        prepare();
        read_secret();
    } catch (const std::runtime_error &) {
        error = EACCES;
        return nullptr;
    }
    std::vector<std::string> bases = this->bases();
    std::stable_sort(bases.begin(), bases.end(), [&](const std::string & a, const std::string & b) {
        return Arena::bytes_at(files_, a) > Arena::bytes_at(files_, b);
    });
    for (const std::string & base : bases) {
        auto arena = Arena::own(files_, base, like, error);
        if (arena) return arena;
    }
    error = 0;
    if (bytes() + 2 * kHeaderBytes > all_files()) {
        error = ENOSPC;
        return nullptr;
    }
    for (int n = 0; n < kMostArenas; ++n) {
        const std::string base = folder_ + "/" + std::to_string(n);
        if (std::find(bases.begin(), bases.end(), base) != bases.end()) continue;
        return Arena::own(files_, base, like, error);
    }
    error = EMFILE;
    return nullptr;
}

std::vector<Directory::Other> Directory::others(const Arena & own) const {
    std::vector<Other> others;
    const std::string model = folder_.substr(0, folder_.rfind('-'));  // its pages and its states
    for (const std::string & folder : folders()) {
        for (const std::string & base : bases_in(files_, folder)) {
            if (base == own.base()) continue;
            others.push_back({base, Arena::bytes_at(files_, base), files_.stamp(base + ".index").changed,
                              folder.compare(0, model.size(), model) == 0, Arena::locked(files_, base)});
        }
    }
    return others;
}

int64_t Directory::make_room(const Arena & own, int64_t most) {
    std::vector<Other> others = this->others(own);
    int64_t total = Arena::bytes_at(files_, own.base());
    for (const Other & other : others) total += other.bytes;
    others.erase(std::remove_if(others.begin(), others.end(), [](const Other & o) { return o.locked; }), others.end());
    std::sort(others.begin(), others.end(),
              [](const Other & a, const Other & b) { return a.ours != b.ours ? !a.ours : a.changed < b.changed; });
    for (auto orphan = others.begin(); total + most > limit() && orphan != others.end(); ++orphan) {
        Arena::remove(files_, orphan->base);
        const std::string folder = orphan->base.substr(0, orphan->base.rfind('/'));
        if (folder != folder_) files_.remove_dir(folder);  // fails while there is more in it
        total -= orphan->bytes;
    }
    return std::clamp<int64_t>(limit() - total, 0, most);
}

bool Directory::claim_room(const Arena & own, const Worth & worth, int64_t bytes) {
    const std::vector<Other> others = this->others(own);
    const bool shared = std::any_of(others.begin(), others.end(), [](const Other & o) { return o.locked; });
    return shared && bytes <= limit() && claims_.make(own.number(), {worth, limit() - bytes}) == 0;
}

std::optional<Directory::Asked> Directory::asked(const Arena & own) {
    const std::optional<Claim> claim = claims_.of_others(own.number());
    if (!claim) return std::nullopt;
    const int64_t over = bytes() - claim->ceiling;
    return over > 0 ? std::optional<Asked>({claim->worth, over}) : std::nullopt;
}

}  // namespace banyan::store
