#include "core/tiers/cold-index.h"

namespace banyan {

namespace {

constexpr uint8_t bit(Tier tier) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(tier));
}

}  // namespace

void ColdIndex::take(const ColdNews & news, Tier tier) {
    for (const PageKey & key : news.removed) remove(key, tier);
    for (const ColdPage & page : news.added) add(page.key, tier);
}

void ColdIndex::add(const PageKey & key, Tier tier) {
    uint8_t & tiers = tiers_[key];
    if (!(tiers & bit(tier))) ++sizes_[tier];
    tiers |= bit(tier);
}

void ColdIndex::remove(const PageKey & key, Tier tier) {
    const auto it = tiers_.find(key);
    if (it == tiers_.end() || !(it->second & bit(tier))) return;
    --sizes_[tier];
    it->second &= static_cast<uint8_t>(~bit(tier));
    if (it->second == 0) tiers_.erase(it);
}

std::optional<Tier> ColdIndex::find(const PageKey & key) const {
    const auto it = tiers_.find(key);
    if (it == tiers_.end()) return std::nullopt;
    return it->second & bit(Tier::host) ? Tier::host : Tier::disk;
}

int32_t ColdIndex::run(const std::vector<PageKey> & keys, int32_t from, int32_t to) const {
    int32_t end = from;
    while (end < to && has(keys[static_cast<size_t>(end)])) ++end;
    return end - from;
}

}  // namespace banyan
