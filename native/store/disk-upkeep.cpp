// Disk: what is done between pages. Arenas are found, read, grown and shrunk here.
#include <algorithm>
#include <cstring>
#include <utility>

#include "store/disk.h"

namespace banyan::store {

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr int32_t kScanSlots = 8192;                // of another process's arena, a round of upkeep
constexpr int64_t kGrowBytes = int64_t(256) << 20;  // at most at once
constexpr int64_t kGiveBytes = int64_t(32) << 20;   // to other writers, a round of upkeep
constexpr Micros kForgotten = 10 * kSecond;         // a claim that was not made again
constexpr uint32_t kFirst = 3600;                   // who has no page yet: more than the latest of the others is worth
constexpr int64_t kSyncBytes = int64_t(256) << 20;  // what a power cut may cost
constexpr Micros kSyncEvery = 5 * kSecond;
constexpr Micros kAgain = 60 * kSecond;  // until a full disk is asked for more again

}  // namespace

void Disk::maintain(char * buffer, const Wanted & wanted) {
    find_own();
    look_at_others();
    give_way(buffer, wanted);
    write_uses();
    bool due;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        due = unsynced_ >= kSyncBytes || (unsynced_ > 0 && clock_() - synced_ >= kSyncEvery);
    }
    if (due) sync();
    const int64_t bytes = directory_.bytes();
    const std::lock_guard<std::mutex> lock(mutex_);
    bytes_ = bytes;
}

void Disk::find_own() {
    std::shared_ptr<Arena> own;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        own = arena(own_);
        if (!own && clock_() < find_again_) return;
    }
    if (own && own->is_there(*files_)) return;
    if (own) {
        drop(own_);
        const std::lock_guard<std::mutex> lock(mutex_);
        told_.push_back("the page store's files were removed: what lay in them is computed again");
    }
    int error = directory_.make();  // its lock is in it
    const Directory::Lock locked = error == 0 ? directory_.lock() : nullptr;
    own = locked ? directory_.claim(like_, error) : nullptr;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!own) {
        find_again_ = clock_() + kAgain;
        if (error == 0) return;
        const std::string what = "taking a part of " + config_.dir;
        write_refused(error, what);
        if (!std::exchange(homeless_, true)) {
            told_.push_back("nothing is written to the page store: " + what + ": " + std::strerror(error));
        }
        return;
    }
    writes_.worked();
    if (std::exchange(homeless_, false)) told_.push_back("the page store writes again");
    for (auto it = arenas_.begin(); it != arenas_.end(); ++it) {
        if (it->second.arena->base() != own->base()) continue;
        catalog_.drop(it->first);  // read until now, written from now on
        arenas_.erase(it);
        break;
    }
    own_ = next_id_++;
    arenas_[own_] = {own, {}, 0, false, true};
    catalog_.resize(own_, own->n_slots(), true);
}

void Disk::look_at_others() {
    const std::vector<std::string> bases = directory_.bases();
    std::vector<int32_t> gone, known;
    std::vector<std::string> fresh = bases;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const auto & [id, reached] : arenas_) {
            const std::string base = reached.arena->base();
            fresh.erase(std::remove(fresh.begin(), fresh.end(), base), fresh.end());
            (std::find(bases.begin(), bases.end(), base) == bases.end() && !reached.owned ? gone : known).push_back(id);
        }
    }
    for (const int32_t id : gone) drop(id);
    for (const std::string & base : fresh) {
        std::shared_ptr<Arena> other = Arena::open(*files_, base, like_);
        if (!other) continue;
        const std::lock_guard<std::mutex> lock(mutex_);
        arenas_[next_id_] = {std::move(other), {}, 0, false, false};
        known.push_back(next_id_++);
    }
    for (const int32_t id : known) scan(id);
}

void Disk::scan(int32_t id) {
    Reached reached;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        reached = arenas_.at(id);
    }
    if (reached.owned && reached.whole) return;  // whatever changes in it, this process did
    if (!reached.owned && !reached.arena->is_there(*files_)) return drop(id);
    const FileStamp stamp = files_->stamp(reached.arena->base() + ".index");
    const bool changed = stamp.changed != reached.stamp.changed || stamp.bytes != reached.stamp.bytes;
    if (changed) reached.whole = false;
    if (reached.whole) return;
    const int32_t n_slots = reached.arena->n_slots();
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (catalog_.n_slots(id) != n_slots) catalog_.resize(id, n_slots, reached.owned);
        // A pass that was under way when the file changed again goes on, and another one follows.
        if (reached.scanned == 0) arenas_.at(id).stamp = stamp;
    }
    const int32_t first = std::min(reached.scanned, n_slots);
    const int32_t n = reached.owned ? n_slots : std::min(kScanSlots, n_slots - first);
    std::vector<bool> used(static_cast<size_t>(n));
    const bool read = reached.arena->scan(first, n, [&](int32_t slot, const Record & record) {
        used[static_cast<size_t>(slot - first)] = true;
        const std::lock_guard<std::mutex> lock(mutex_);
        catalog_.set({id, slot}, record.page, record.generation, record.used);
        if (starting_) likely_.add(record);
    });
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!read) return read_failed("reading " + reached.arena->base());
    reads_.worked();
    for (int32_t i = 0; i < n && !reached.owned; ++i) {
        if (!used[static_cast<size_t>(i)]) catalog_.clear({id, first + i});
    }
    Reached & now = arenas_.at(id);
    now.scanned = first + n < n_slots ? first + n : 0;
    now.whole = now.scanned == 0;
}

void Disk::drop(int32_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    catalog_.drop(id);
    arenas_.erase(id);
    if (own_ == id) own_ = -1;
}

int64_t Disk::bytes_of_slot() const {
    return Arena::bytes_for(like_.geometry, 1) - Arena::bytes_for(like_.geometry, 0);
}

bool Disk::grow(ColdKind kind, const Wanted & wanted) {
    std::shared_ptr<Arena> own;
    int32_t n_slots;
    Worth worth{kind, static_cast<uint32_t>(files_->wall_seconds()) + kFirst};
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (clock_() < grow_again_) return false;
        own = arena(own_);
        n_slots = catalog_.n_slots(own_);
        const std::optional<Place> victim = catalog_.next_victim(own_, wanted);
        if (victim) worth = {catalog_.page(*victim)->kind, catalog_.used(*victim)};
    }
    const Directory::Lock locked = directory_.lock();
    if (!locked || !own->is_there(*files_)) return false;
    const int64_t slot_bytes = bytes_of_slot(), limit = directory_.limit();
    // As much again as it has: a small store reserves little, a large one asks rarely.
    const int64_t most = std::min({kGrowBytes, limit / 16, slot_bytes * n_slots});
    int64_t more = directory_.make_room(*own, std::max(slot_bytes, most)) / slot_bytes;
    const int64_t given = std::max(slot_bytes, std::min(kGiveBytes, limit / 64));
    const bool claimed = more == 0 && directory_.claim_room(*own, worth, given);
    int error = more > 0 ? own->resize(n_slots + static_cast<int32_t>(more)) : 0;
    for (; error != 0 && more > 1; error = own->resize(n_slots + static_cast<int32_t>(more))) more /= 2;
    const int32_t target = n_slots + static_cast<int32_t>(more);
    const std::lock_guard<std::mutex> lock(mutex_);
    const Micros now = clock_();
    if (claimed && (claimed_ == 0 || now - claimed_ > kForgotten)) claimed_first_ = now;
    claimed_ = claimed ? now : 0;
    if (more > 0) found_room(error, "growing " + own->base());
    if (more == 0 || error != 0) {
        grow_again_ = now + (error != 0 ? kAgain : kSecond);
        return false;
    }
    catalog_.resize(own_, target, true);
    return true;
}

void Disk::give_way(char * buffer, const Wanted & wanted) {
    std::shared_ptr<Arena> own;
    int32_t n_slots;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        own = arena(own_);
        n_slots = catalog_.n_slots(own_);
    }
    if (!own || n_slots == 0) return;
    std::optional<Directory::Asked> asked;
    {
        // Pages move without the lock: others would wait for it, and an arena that shrinks breaks no budget.
        const Directory::Lock locked = directory_.lock();
        if (!locked) return;
        asked = directory_.asked(*own);
    }
    const int64_t slot_bytes = bytes_of_slot(), room = directory_.limit() - Arena::bytes_for(like_.geometry, 0);
    if (n_slots > room / slot_bytes)
        return cut(static_cast<int32_t>(room / slot_bytes));  // a smaller budget than before
    if (!asked || !buffer) return;
    const int64_t most = std::min(asked->bytes, std::max(kGiveBytes, slot_bytes));
    const int64_t slots = std::min<int64_t>(n_slots, (most + slot_bytes - 1) / slot_bytes);
    int32_t end = n_slots;
    const int32_t least = n_slots - make_free(static_cast<int32_t>(slots), asked->worth, wanted);
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        catalog_.resize(own_, n_slots, true);  // free slots in their order: pages move to the front once
    }
    while (end > least && vacate(end - 1, buffer)) --end;
    if (end < n_slots) cut(end);
}

int32_t Disk::make_free(int32_t most, const Worth & worth, const Wanted & wanted) {
    for (;;) {
        int32_t slot;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            const int32_t n_free = catalog_.n_free(own_);
            if (n_free >= most) return most;
            const std::optional<Place> victim = catalog_.next_victim(own_, wanted);
            const auto goes = [&] {
                return Worth{catalog_.page(*victim)->kind, catalog_.used(*victim)}.far_below(worth);
            };
            if (!victim || !goes()) return n_free;
            slot = *catalog_.take_victim(own_, wanted);
            ++stats_.evicted;
        }
        if (!empty(slot)) return 0;
        const std::lock_guard<std::mutex> lock(mutex_);
        catalog_.clear({own_, slot});
    }
}

bool Disk::vacate(int32_t slot, char * buffer) {
    std::shared_ptr<Arena> own;
    std::optional<int32_t> to;
    PageKey key;
    uint32_t used;
    const auto give_up = [&] { catalog_.clear({own_, *to}); };
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const ColdPage * const page = catalog_.page({own_, slot});
        if (!page) return true;
        key = page->key;
        used = catalog_.used({own_, slot});
        own = arena(own_);
        // Those behind it were vacated, and are cut off together.
        do to = catalog_.take_free(own_);
        while (to && *to > slot);
        if (!to) return false;
    }
    Record record;
    const Found found = own->read_any(slot, buffer, record);
    const bool whole = found == Found::whole && record.page.key == key;
    const bool may = whole && may_write();
    int error = 0;
    if (may) {
        const std::lock_guard<std::mutex> lock(mutex_);
        record.generation = catalog_.generation({own_, *to}) + 1;
        record.used = used;
    }
    if (may) error = own->write(*to, record, buffer);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!may || error != 0 || catalog_.is_read({own_, slot})) {
        give_up();
        if (found == Found::failed) read_failed("reading " + own->base());
        if (error != 0) write_failed(error, "writing " + own->base());
        if (found != Found::failed && !whole) catalog_.clear_bad({own_, slot});
        return found != Found::failed && !whole;
    }
    catalog_.move({own_, slot}, *to, record.generation);
    unsynced_ += like_.geometry.stride();
    return true;
}

void Disk::cut(int32_t n_slots) {
    std::shared_ptr<Arena> own;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        own = arena(own_);
        catalog_.resize(own_, n_slots, true);
    }
    const int error = own->resize(n_slots);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error != 0) write_failed(error, "shrinking " + own->base());
}

void Disk::write_uses() {
    std::vector<Use> uses;
    std::shared_ptr<Arena> own;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        uses.swap(uses_);
        own = arena(own_);
        uses.erase(std::remove_if(uses.begin(), uses.end(),
                                  [&](const Use & use) {
                                      return use.place.arena != own_ || use.place.slot >= catalog_.n_slots(own_) ||
                                             !catalog_.page(use.place) ||
                                             catalog_.generation(use.place) != use.record.generation;
                                  }),
                   uses.end());
    }
    for (const Use & use : uses) {
        const int error = own->write_record(use.place.slot, use.record);
        if (error == 0) continue;
        const std::lock_guard<std::mutex> lock(mutex_);
        return write_failed(error, "writing " + own->base());
    }
}

void Disk::sync() {
    std::shared_ptr<Arena> own;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        own = arena(own_);
        unsynced_ = 0;
        synced_ = clock_();
    }
    const int error = own ? own->sync() : 0;
    daily_.give_back();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error != 0) write_failed(error, "writing " + own->base());
}

}  // namespace banyan::store
