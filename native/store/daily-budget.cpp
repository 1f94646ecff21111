#include "store/daily-budget.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "store/record.h"

namespace banyan::store {

namespace {

constexpr uint64_t kMagic = 0x31796164'6e6e6162;
constexpr int64_t kApart = 4096;  // from copy to copy: no block holds both
constexpr int64_t kMostAside = int64_t(64) << 20;

/** In the machine's byte order: the file stays on the machine. */
struct Copy {
    uint64_t magic = kMagic, number = 0;
    std::array<DailyBytes::Hour, DailyBytes::kHours> hours;
    uint64_t sum = 0;  // of all before it
};
static_assert(sizeof(Copy) == 16 + 16 * DailyBytes::kHours + 8);

}  // namespace

DailyBudget::DailyBudget(FileSystem & files, Directory & directory, int64_t limit)
    : files_(files), directory_(directory), path_(directory.path() + "/written"), limit_(limit) {
    int error = 0;
    update([](int64_t) { return false; }, error);  // a directory without pages has a record that says so
}

template <typename Change>
Grant DailyBudget::update(Change change, int & error) {
    const Directory::Lock locked = directory_.lock();
    const auto file = files_.open(path_, OpenFor::writing, error);
    if (!file && error != ENOENT) return Grant::failed;
    if (!file || !locked) return Grant::busy;
    const int64_t hour = DailyBytes::hour_of(files_.wall_seconds());
    const bool whole = read(*file, hour);
    const bool changed = change(hour);
    error = changed || !whole ? write(*file) : 0;
    if (error == 0) return changed ? Grant::given : Grant::spent;
    known_ = false;  // neither copy need be what it was
    aside_ = 0;
    return Grant::failed;
}

bool DailyBudget::read(File & file, int64_t hour) {
    bool found = false;
    int newest = 0;
    for (int place = 0; place < 2; ++place) {
        Copy copy;
        char * bytes = reinterpret_cast<char *>(&copy);
        if (file.read(bytes, sizeof(copy), kApart * place) != sizeof(copy)) continue;
        if (copy.magic != kMagic || !sealed(bytes, sizeof(copy))) continue;
        if (found && copy.number == number_) ++newest;
        if (found && copy.number <= number_) continue;
        found = true;
        newest = 1;
        number_ = copy.number;
        whole_ = place;
        written_.hours() = copy.hours;
    }
    if (!found && file.size() > 0) {
        written_ = {};
        written_.add(hour, limit_);
        aside_ = 0;
        told_ = "the record of what was written to the page store today is damaged: no more until tomorrow";
    } else if (!found && !known_) {
        written_ = {};
        written_.add(hour, directory_.bytes());  // of a version without a record, or it was deleted
    }
    written_.end_at(hour);
    known_ = true;
    return newest == 2;
}

int DailyBudget::write(File & file) {
    Copy copy;
    copy.number = ++number_;
    copy.hours = written_.hours();
    char * bytes = reinterpret_cast<char *>(&copy);
    seal(bytes, sizeof(copy));
    // The whole one last: one of them is right all the time, and later either.
    int error = file.write(bytes, sizeof(copy), kApart * (1 - whole_));
    if (error == 0) error = file.sync();
    return error != 0 ? error : file.write(bytes, sizeof(copy), kApart * whole_);
}

Grant DailyBudget::take(int64_t bytes, int & error) {
    if (aside_ >= bytes && aside_hour_ == DailyBytes::hour_of(files_.wall_seconds())) {
        aside_ -= bytes;
        return Grant::given;
    }
    const Grant grant = update(
        [&](int64_t hour) {
            const int64_t own = aside_hour_ > hour - DailyBytes::kHours ? aside_ : 0;
            const int64_t left = limit_ - written_.sum(hour) + own;
            if (left < bytes) return false;
            written_.take_off(aside_hour_, aside_);
            aside_hour_ = hour;
            // A thousandth of the day: other processes find the rest, and few pages have to wait for the record.
            aside_ = std::min(left, std::max(bytes, std::min(kMostAside, limit_ / 1024)));
            written_.add(hour, aside_);
            return true;
        },
        error);
    if (grant == Grant::given) aside_ -= bytes;
    return grant;
}

void DailyBudget::give_back() {
    if (aside_ == 0) return;
    int error = 0;
    update(
        [&](int64_t) {
            written_.take_off(aside_hour_, std::exchange(aside_, 0));
            return true;
        },
        error);
}

std::string DailyBudget::take_told() {
    return std::exchange(told_, "");
}

}  // namespace banyan::store
