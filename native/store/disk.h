// What the store does with its files: one page in, one page out, and upkeep.
//
// Owns: the directory's arenas and the catalog of what lies in them. Changed by: load (from any thread), store and
// maintain (one at a time, which the caller sees to). Thread: the I/O threads; numbers() also others. Its mutex is
// never held over a call of the file system. Invariant: a slot is written only in the one arena that this process has
// locked.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/catalog.h"
#include "store/daily-budget.h"
#include "store/directory.h"
#include "store/likely-paths.h"
#include "store/switch.h"

namespace banyan::store {

/** Whether a request waits for this page: then it stays. */
using Wanted = std::function<bool(const PageKey &)>;

class Disk {
  public:
    /** Throws std::runtime_error when the directory cannot be used. */
    Disk(const PageStoreConfig & config, std::shared_ptr<FileSystem> files, StoreClock clock);

    const std::string & secret() const { return directory_.secret(); }
    int64_t slot_bytes() const { return config_.slot_bytes; }
    int64_t buffer_bytes() const;

    /** buffer: [buffer_bytes]. `done`: it holds the page. */
    StoreOutcome load(const LoadOrder & order, char * buffer);
    /** `fill` is called when there is a slot, buffer: [buffer_bytes]. */
    StoreOutcome store(const StoreOrder & order, char * buffer, const Wanted & wanted,
                       const std::function<bool(char *)> & fill);
    /** Reads what is new of others, finds an arena to write, gives others room for what is worth more, makes what was
     * written last. buffer: [buffer_bytes], nullptr: there was no memory for it. */
    void maintain(char * buffer, const Wanted & wanted);
    void sync();

    ColdNews take_news();
    /** Of what was there at the start, after the first maintain(); once. */
    std::vector<std::vector<Token>> take_likely();
    /** Sentences of what was switched off or on since the last call. */
    std::vector<std::string> take_told();
    /** A call did not come back in time: nothing is read or written for a while. */
    void stuck(const std::string & what);
    bool reads_on() const { return reads_.on(clock_()); }
    bool writes_on() const { return writes_.on(clock_()); }
    /** Fills what it knows. */
    void count(StoreStats & stats);

  private:
    struct Reached {
        std::shared_ptr<Arena> arena;
        FileStamp stamp;      // of the index, when it was last looked at
        int32_t scanned = 0;  // slots of the present pass
        bool whole = false;   // the pass is over, and nothing changed since
        bool owned = false;
    };

    /** Whether a page's bytes may be written today. */
    bool may_write();
    std::optional<int32_t> find_slot(ColdKind kind, const Wanted & wanted);
    /** Of the directory's room, or it asks other writers for some. kind: of the page that has no slot. */
    bool grow(ColdKind kind, const Wanted & wanted);
    /** A slot whose record must be gone from the disk before other bytes come into it. */
    bool empty(int32_t slot);
    void find_own();
    void look_at_others();
    void scan(int32_t id);
    void drop(int32_t id);
    void give_way(char * buffer, const Wanted & wanted);
    /** Slots that are free or were emptied for it, `most` at most: pages worth far less than `worth` go. */
    int32_t make_free(int32_t most, const Worth & worth, const Wanted & wanted);
    /** The page in it, if any, moves to a slot before it. */
    bool vacate(int32_t slot, char * buffer);
    /** Own slots from `n_slots` on are gone. */
    void cut(int32_t n_slots);
    int64_t bytes_of_slot() const;
    void write_uses();
    void read_failed(const std::string & what);
    void write_failed(int error, const std::string & what);
    void write_refused(int error, const std::string & what);
    /** The disk gave no room for more pages, or gives some again: error 0. */
    void found_room(int error, const std::string & what);
    std::shared_ptr<Arena> arena(int32_t id);

    const PageStoreConfig config_;
    const std::shared_ptr<FileSystem> files_;
    const StoreClock clock_;
    Header like_;
    Directory directory_;
    DailyBudget daily_;  // store() and maintain() take turns with it

    std::mutex mutex_;  // of all below
    Catalog catalog_;
    std::unordered_map<int32_t, Reached> arenas_;
    int32_t own_ = -1, next_id_ = 0;
    Micros grow_again_ = 0, find_again_ = 0;
    Micros claimed_ = 0, claimed_first_ = 0;  // when others were asked for room, last and first; 0: not, or it came
    int64_t unsynced_ = 0, bytes_ = 0;
    Micros synced_ = 0;
    Switch reads_, writes_;
    bool reads_off_ = false, writes_off_ = false, worn_ = false, homeless_ = false;
    std::string full_, hung_;  // what it said or did not do, in words; '': it has room, it answers
    struct Use {
        Place place;
        Record record;
    };
    std::vector<Use> uses_;
    bool starting_;  // likely_ is to hear of what is found
    LikelyPaths likely_;
    std::vector<std::string> told_;
    StoreStats stats_;
};

}  // namespace banyan::store
