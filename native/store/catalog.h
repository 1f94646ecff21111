// Which pages are kept in which slots, and which of them goes for another one. No files, no clock.
//
// Owns: what is known of every slot of every arena. Changed by: everything but the const calls. Thread: one at a time
// (the disk's mutex). Invariant: a victim is of an owned arena, no reader holds it, and no page here has it as its
// parent: chains lose their ends first, so what is left of one can always be reached from its root.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/memory/cold-page.h"

namespace banyan::store {

struct Place {
    int32_t arena = -1;
    int32_t slot = -1;
    bool operator==(const Place & other) const { return arena == other.arena && slot == other.slot; }
};

class Catalog {
  public:
    /** Of an arena's slots; owned: written here. Shrinking forgets what was behind. */
    void resize(int32_t arena, int32_t n_slots, bool owned);
    void drop(int32_t arena) { resize(arena, 0, false); }
    int32_t n_slots(int32_t arena) const;

    /** What the slot holds now. `used`: a later use has a larger number. */
    void set(Place place, const ColdPage & page, uint64_t generation, uint32_t used);
    void clear(Place place);
    /** Its bytes are not what its record says: emptied, and what it held then is not set again. */
    void clear_bad(Place place);
    bool has(const PageKey & key) const { return places_.count(key) > 0; }
    std::vector<Place> find(const PageKey & key) const;
    /** Pages that can be loaded, each counted once. */
    size_t size() const { return places_.size(); }

    /** Of an owned arena: an empty slot, and it is taken until set() or clear(). */
    std::optional<int32_t> take_free(int32_t arena);
    /** Of an owned arena: the slot that goes; it is emptied and taken. `wanted`: of these keys none. */
    std::optional<int32_t> take_victim(int32_t arena, const std::function<bool(const PageKey &)> & wanted);
    /** The slot that take_victim would take. */
    std::optional<Place> next_victim(int32_t arena, const std::function<bool(const PageKey &)> & wanted) const;
    int32_t n_free(int32_t arena) const;
    /** The page in a slot, nullptr: none. */
    const ColdPage * page(Place place) const { return at(place).state == State::used ? &at(place).page : nullptr; }
    uint32_t used(Place place) const { return at(place).used; }
    bool is_read(Place place) const { return at(place).readers > 0; }
    /** Within an owned arena: the page is in the slot `to`, which was taken, and its old one is empty. */
    void move(Place from, int32_t to, uint64_t generation);
    uint64_t generation(Place place) const { return at(place).generation; }
    /** True: the record on disk should hear of it, too. */
    bool touch(Place place, uint32_t used);

    /** While it is read the slot does not go. */
    void hold(Place place) { ++at(place).readers; }
    void release(Place place);

    /** What became loadable, or no longer is, since the last call. */
    ColdNews take_news();

    std::string check_integrity() const;

  private:
    enum class State : uint8_t { free, taken, used };
    struct Slot {
        State state = State::free;
        ColdPage page;
        uint64_t generation = 0;
        uint32_t used = 0, told = 0;  // told: of `used`, what the record on disk says
        uint64_t turn = 0;            // of its last use in this process: many fall into one second
        int32_t readers = 0;
        bool bad = false;
    };
    struct Slots {
        std::vector<Slot> slots;
        std::vector<int32_t> free;  // a stack, lowest on top; some of it may be in use again
        bool owned = false;
    };
    struct Rank {
        ColdKind kind;
        uint32_t used;
        uint64_t turn;
        Place place;
        bool operator<(const Rank & other) const;
    };

    const Slot & at(Place place) const { return arenas_.at(place.arena).slots.at(static_cast<size_t>(place.slot)); }
    Slot & at(Place place) { return arenas_.at(place.arena).slots.at(static_cast<size_t>(place.slot)); }
    Rank rank(Place place) const { return {at(place).page.kind, at(place).used, at(place).turn, place}; }
    bool is_leaf(const PageKey & key) const { return children_.count(key) == 0; }
    /** Puts the owned copies of a page into the order of victims, or takes them out. */
    void rank_all(const PageKey & key, bool in);
    void forget(Place place);

    std::unordered_map<int32_t, Slots> arenas_;
    std::unordered_map<PageKey, std::vector<Place>, PageKeyHash> places_;
    std::unordered_map<PageKey, int32_t, PageKeyHash> children_;  // used slots whose parent it is
    std::set<Rank> leaves_;                                       // of owned arenas, first to go first
    uint64_t turns_ = 0;
    std::unordered_map<PageKey, std::optional<ColdPage>, PageKeyHash> news_;  // nullopt: gone
};

}  // namespace banyan::store
