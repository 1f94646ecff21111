#include "store/catalog.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace banyan::store {

namespace {

constexpr uint32_t kTellUse = 3600;  // a record on disk need not know the hour better: uses would write more than pages

}  // namespace

bool Catalog::Rank::operator<(const Rank & other) const {
    return std::tie(kind, used, turn, place.arena, place.slot) <
           std::tie(other.kind, other.used, other.turn, other.place.arena, other.place.slot);
}

int32_t Catalog::n_slots(int32_t arena) const {
    const auto found = arenas_.find(arena);
    return found == arenas_.end() ? 0 : static_cast<int32_t>(found->second.slots.size());
}

void Catalog::resize(int32_t arena, int32_t n_slots, bool owned) {
    Slots & slots = arenas_[arena];
    for (int32_t slot = n_slots; slot < this->n_slots(arena); ++slot) forget({arena, slot});
    slots.owned = owned;
    slots.slots.resize(static_cast<size_t>(n_slots));
    slots.free.clear();
    for (int32_t slot = n_slots - 1; slot >= 0; --slot) {
        if (slots.slots[static_cast<size_t>(slot)].state == State::free) slots.free.push_back(slot);
    }
    if (n_slots == 0) arenas_.erase(arena);
}

void Catalog::rank_all(const PageKey & key, bool in) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    for (const Place place : found->second) {
        if (!arenas_.at(place.arena).owned) continue;
        if (in) {
            leaves_.insert(rank(place));
        } else {
            leaves_.erase(rank(place));
        }
    }
}

void Catalog::set(Place place, const ColdPage & page, uint64_t generation, uint32_t used) {
    Slot & slot = at(place);
    const bool same = slot.page.key == page.key && slot.generation == generation;
    if (same && (slot.state == State::used || slot.bad)) return;
    if (slot.state == State::used) forget(place);
    slot.bad = false;
    slot.state = State::used;
    slot.page = page;
    slot.generation = generation;
    slot.used = slot.told = used;
    slot.turn = ++turns_;
    std::vector<Place> & places = places_[page.key];
    if (places.empty()) news_[page.key] = page;
    places.push_back(place);
    if (++children_[page.parent] == 1) rank_all(page.parent, false);
    if (is_leaf(page.key) && arenas_.at(place.arena).owned) leaves_.insert(rank(place));
}

void Catalog::forget(Place place) {
    Slot & slot = at(place);
    if (slot.state == State::used) {
        leaves_.erase(rank(place));
        const PageKey key = slot.page.key, parent = slot.page.parent;
        std::vector<Place> & places = places_.at(key);
        places.erase(std::remove(places.begin(), places.end(), place), places.end());
        if (places.empty()) {
            places_.erase(key);
            news_[key] = std::nullopt;
        }
        if (--children_.at(parent) == 0) {
            children_.erase(parent);
            rank_all(parent, true);
        }
    }
    slot.state = State::taken;
}

void Catalog::clear(Place place) {
    const auto arena = arenas_.find(place.arena);
    if (arena == arenas_.end() || place.slot >= n_slots(place.arena)) return;  // it shrank meanwhile
    Slot & slot = at(place);
    if (slot.state == State::free) return;
    forget(place);
    slot.state = State::free;
    arena->second.free.push_back(place.slot);
}

void Catalog::clear_bad(Place place) {
    clear(place);
    if (place.slot < n_slots(place.arena)) at(place).bad = true;
}

std::vector<Place> Catalog::find(const PageKey & key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? std::vector<Place>() : found->second;
}

std::optional<int32_t> Catalog::take_free(int32_t arena) {
    const auto found = arenas_.find(arena);
    if (found == arenas_.end()) return std::nullopt;
    std::vector<int32_t> & free = found->second.free;
    while (!free.empty()) {
        const int32_t slot = free.back();
        free.pop_back();
        if (at({arena, slot}).state != State::free) continue;
        at({arena, slot}).state = State::taken;
        return slot;
    }
    return std::nullopt;
}

std::optional<Place> Catalog::next_victim(int32_t arena, const std::function<bool(const PageKey &)> & wanted) const {
    for (const Rank & leaf : leaves_) {
        const Slot & slot = at(leaf.place);
        if (leaf.place.arena == arena && slot.readers == 0 && !wanted(slot.page.key)) return leaf.place;
    }
    return std::nullopt;
}

std::optional<int32_t> Catalog::take_victim(int32_t arena, const std::function<bool(const PageKey &)> & wanted) {
    const std::optional<Place> place = next_victim(arena, wanted);
    if (!place) return std::nullopt;
    forget(*place);
    return place->slot;
}

int32_t Catalog::n_free(int32_t arena) const {
    const auto found = arenas_.find(arena);
    if (found == arenas_.end()) return 0;
    const std::vector<Slot> & slots = found->second.slots;
    return static_cast<int32_t>(
        std::count_if(slots.begin(), slots.end(), [](const Slot & slot) { return slot.state == State::free; }));
}

void Catalog::move(Place from, int32_t to, uint64_t generation) {
    const Slot old = at(from);
    const Place place{from.arena, to};
    set(place, old.page, generation, old.used);
    const bool ranked = leaves_.erase(rank(place)) > 0;
    at(place).turn = old.turn;
    if (ranked) leaves_.insert(rank(place));
    clear(from);
}

bool Catalog::touch(Place place, uint32_t used) {
    Slot & slot = at(place);
    if (slot.state != State::used) return false;
    const bool ranked = leaves_.erase(rank(place)) > 0;
    slot.used = std::max(slot.used, used);
    slot.turn = ++turns_;
    if (ranked) leaves_.insert(rank(place));
    if (!arenas_.at(place.arena).owned || slot.used - slot.told < kTellUse) return false;
    slot.told = slot.used;
    return true;
}

void Catalog::release(Place place) {
    if (place.slot < n_slots(place.arena) && at(place).readers > 0) --at(place).readers;
}

ColdNews Catalog::take_news() {
    ColdNews news;
    for (const auto & [key, page] : news_) {
        if (page) {
            news.added.push_back(*page);
        } else {
            news.removed.push_back(key);
        }
    }
    news_.clear();
    return news;
}

std::string Catalog::check_integrity() const {
    size_t places = 0, used = 0, leaves = 0;
    std::unordered_map<PageKey, int32_t, PageKeyHash> children;
    for (const auto & [key, list] : places_) {
        places += list.size();
        for (const Place place : list) {
            if (at(place).state != State::used || at(place).page.key != key)
                return "a place that does not hold its key";
        }
    }
    for (const auto & [arena, slots] : arenas_) {
        size_t free = 0;
        for (size_t i = 0; i < slots.slots.size(); ++i) {
            const Slot & slot = slots.slots[i];
            free += slot.state == State::free;
            if (slot.state != State::used) continue;
            ++used;
            ++children[slot.page.parent];
            const bool leaf = slots.owned && is_leaf(slot.page.key);
            leaves += leaf;
            if (leaf != (leaves_.count(rank({arena, static_cast<int32_t>(i)})) > 0)) return "a leaf is not ranked";
        }
        if (free > slots.free.size()) return "free slots are miscounted";
    }
    if (places != used) return "a used slot has no place";
    if (children != children_) return "children are miscounted";
    return leaves == leaves_.size() ? "" : "a rank without its slot";
}

}  // namespace banyan::store
