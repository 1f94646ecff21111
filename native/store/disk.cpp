#include "store/disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "store/tenant-tag.h"

namespace banyan::store {

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kGiving = 3 * kSecond;  // others look at claims each second
constexpr size_t kMostUses = 4096;       // records of uses that wait to be written; later ones are left out

}  // namespace

Disk::Disk(const PageStoreConfig & config, std::shared_ptr<FileSystem> files, StoreClock clock)
    : config_(config),
      files_(std::move(files)),
      clock_(std::move(clock)),
      directory_(*files_, config_),
      daily_(*files_, directory_, config_.daily_write_bytes),
      reads_(3, kMinute, kMinute),
      writes_(3, kMinute, 10 * kMinute),
      starting_(config_.likely_pages > 0) {
    like_.geometry = {config_.slot_bytes, config_.page_tokens};
    like_.identity = config_.identity;
    like_.label = config_.label;
    const int64_t least = Arena::bytes_for(like_.geometry, 2);
    if (directory_.budget() < least) throw std::runtime_error("the budget has no room for two pages");
    const int64_t free = files_->free_bytes(config_.dir);
    if (free < 2 * like_.geometry.stride() && directory_.bytes() == 0) {
        throw std::runtime_error(config_.dir + ": the disk is full");
    }
}

int64_t Disk::buffer_bytes() const {
    return std::max(like_.geometry.stride(), like_.geometry.record_bytes());
}

std::shared_ptr<Arena> Disk::arena(int32_t id) {
    const auto found = arenas_.find(id);
    return found == arenas_.end() ? nullptr : found->second.arena;
}

StoreOutcome Disk::load(const LoadOrder & order, char * buffer) {
    std::unique_lock<std::mutex> lock(mutex_);
    bool failed = false;
    for (const Place place : catalog_.find(order.key)) {
        const std::shared_ptr<Arena> from = arena(place.arena);
        if (!from || place.slot >= catalog_.n_slots(place.arena)) continue;
        catalog_.hold(place);
        lock.unlock();
        Record record;
        const Found found = from->read(place.slot, order.key, order.parent, order.tokens, buffer, record);
        const auto now = static_cast<uint32_t>(files_->wall_seconds());
        lock.lock();
        catalog_.release(place);
        if (found == Found::whole) {
            reads_.worked();
            hung_.clear();
            ++stats_.loads;
            stats_.loaded_bytes += config_.slot_bytes;
            record.used = now;
            if (place.slot < catalog_.n_slots(place.arena) && catalog_.touch(place, now) && uses_.size() < kMostUses) {
                uses_.push_back({place, std::move(record)});
            }
            return StoreOutcome::done;
        }
        if (found == Found::failed) {
            failed = true;
            read_failed("reading " + from->base());
        } else {
            ++stats_.corrupt;
            catalog_.clear_bad(place);
        }
    }
    ++stats_.misses;
    return failed ? StoreOutcome::failed : StoreOutcome::missing;
}

StoreOutcome Disk::store(const StoreOrder & order, char * buffer, const Wanted & wanted,
                         const std::function<bool(char *)> & fill) {
    const auto refused = [this] {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++stats_.refused;
        return StoreOutcome::refused;
    };
    bool off;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (catalog_.has(order.page.key)) return StoreOutcome::known;
        off = own_ < 0 || !writes_.on(clock_());
    }
    if (off || !may_write()) return refused();
    const std::optional<int32_t> slot = find_slot(order.page.kind, wanted);
    if (!slot) {
        daily_.put_back(like_.geometry.stride());
        return refused();
    }
    Record record;
    std::shared_ptr<Arena> own;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        own = arena(own_);
        record.generation = catalog_.generation({own_, *slot}) + 1;
    }
    record.page = order.page;
    record.tokens = order.tokens;
    record.used = record.written = static_cast<uint32_t>(files_->wall_seconds());
    std::memset(buffer + config_.slot_bytes, 0, static_cast<size_t>(like_.geometry.stride() - config_.slot_bytes));
    const bool filled = fill(buffer);
    const int error = filled ? own->write(*slot, record, buffer) : 0;
    const std::lock_guard<std::mutex> lock(mutex_);
    const Place place{own_, *slot};
    if (!filled || error != 0) {
        catalog_.clear(place);
        if (error != 0) write_failed(error, "writing " + own->base());
        return StoreOutcome::failed;
    }
    catalog_.set(place, record.page, record.generation, record.used);
    writes_.worked();
    hung_.clear();
    ++stats_.stores;
    stats_.stored_bytes += config_.slot_bytes;
    unsynced_ += like_.geometry.stride();
    return StoreOutcome::done;
}

bool Disk::may_write() {
    int error = 0;
    const Grant grant = daily_.take(like_.geometry.stride(), error);
    const std::string told = daily_.take_told();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!told.empty()) {
        told_.push_back(told);
    } else if (grant == Grant::spent && !worn_) {
        told_.push_back("as much was written to the page store today as it may: no more until tomorrow");
    }
    worn_ = grant == Grant::spent || (worn_ && grant != Grant::given);
    if (grant == Grant::failed) write_failed(error, "writing " + daily_.path());
    return grant == Grant::given;
}

std::optional<int32_t> Disk::find_slot(ColdKind kind, const Wanted & wanted) {
    for (const bool grown : {false, true}) {
        if (grown && !grow(kind, wanted)) break;
        const std::lock_guard<std::mutex> lock(mutex_);
        if (const auto slot = catalog_.take_free(own_)) return slot;
    }
    std::optional<int32_t> slot;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        // Its own latest pages are the wrong ones to go while others may still answer.
        if (claimed_ != 0 && clock_() - claimed_first_ < kGiving) return std::nullopt;
        slot = catalog_.take_victim(own_, wanted);
        if (slot) ++stats_.evicted;
    }
    return slot && empty(*slot) ? slot : std::nullopt;
}

bool Disk::empty(int32_t slot) {
    std::shared_ptr<Arena> own;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        own = arena(own_);
    }
    const int error = own->free(slot);
    if (error == 0) return true;
    const std::lock_guard<std::mutex> lock(mutex_);
    catalog_.clear({own_, slot});
    write_failed(error, "writing " + own->base());
    return false;
}

ColdNews Disk::take_news() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return catalog_.take_news();
}

std::vector<std::vector<Token>> Disk::take_likely() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!std::exchange(starting_, false)) return {};
    return likely_.take(root_key(config_.identity, hmac_sha256(directory_.secret(), "")), config_.likely_pages);
}

std::vector<std::string> Disk::take_told() {
    const std::lock_guard<std::mutex> lock(mutex_);
    const Micros now = clock_();
    if (reads_off_ && reads_.on(now)) told_.push_back("the page store reads again");
    if (writes_off_ && writes_.on(now)) told_.push_back("the page store writes again");
    reads_off_ = reads_off_ && !reads_.on(now);
    writes_off_ = writes_off_ && !writes_.on(now);
    return std::exchange(told_, {});
}

void Disk::read_failed(const std::string & what) {
    ++stats_.errors;
    if (!reads_.failed(clock_(), what)) return;
    reads_off_ = true;
    told_.push_back("the page store reads nothing for a minute: " + what + " failed three times");
}

void Disk::write_failed(int error, const std::string & what) {
    if (error != ENOENT && error != ENOTDIR) return write_refused(error, what);
    ++stats_.errors;  // the files were removed: upkeep finds that, says so, and makes them again
}

void Disk::write_refused(int error, const std::string & what) {
    ++stats_.errors;
    if (!writes_.failed(clock_(), what + ": " + std::strerror(error))) return;
    writes_off_ = true;
    told_.push_back("the page store writes nothing for ten minutes: " + writes_.error());
}

void Disk::found_room(int error, const std::string & what) {
    const std::string why = error == 0 ? "" : what + ": " + std::strerror(error);
    const bool was_full = !std::exchange(full_, why).empty();
    if (error == 0) {
        if (was_full) told_.push_back("the page store has room for more pages again");
        return;
    }
    ++stats_.errors;
    if (was_full) return;
    const bool has_pages = catalog_.n_slots(own_) > 0;
    told_.push_back(std::string("the page store ") +
                    (has_pages ? "has no room for more pages, the least useful give way" : "has no room for any page") +
                    ": " + why);
}

void Disk::stuck(const std::string & what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const Micros now = clock_();
    reads_.turn_off(now, kMinute);
    writes_.turn_off(now, kMinute);
    ++stats_.errors;
    hung_ = what;
    if (!reads_off_) told_.push_back("the page store is not used for a minute: " + what);
    reads_off_ = writes_off_ = true;
}

void Disk::count(StoreStats & stats) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const Micros now = clock_();
    stats = stats_;
    stats.bytes = bytes_;
    stats.budget_bytes = directory_.budget();
    stats.pages = static_cast<int64_t>(catalog_.size());
    stats.used_bytes = stats.pages * config_.slot_bytes;
    stats.reads_off = !reads_.on(now);
    stats.writes_off = !writes_.on(now);
    const std::array<const std::string *, 4> errors = {&hung_, &writes_.error(), &reads_.error(), &full_};
    const auto stands = [](const std::string * error) { return !error->empty(); };
    const auto first = std::find_if(errors.begin(), errors.end(), stands);
    if (first != errors.end()) stats.error = **first;
}

}  // namespace banyan::store
