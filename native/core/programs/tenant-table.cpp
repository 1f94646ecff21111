#include "core/programs/tenant-table.h"

#include <algorithm>

namespace banyan {

Tenant & TenantTable::enter(TenantId tenant, int32_t weight) {
    const auto [it, is_new] = tenants_.try_emplace(tenant);
    Tenant & t = it->second;
    if (t.live == 0) {
        t.service = std::max(t.service, start_);
        n_idle_ -= !is_new;
    }
    t.weight = weight;
    ++t.live;
    return t;
}

void TenantTable::charge(Tenant & tenant, int64_t n_tokens) {
    tenant.rest += n_tokens;
    tenant.service += tenant.rest / tenant.weight;
    tenant.rest %= tenant.weight;
}

void TenantTable::leave(TenantId tenant) {
    if (--tenants_.at(tenant).live > 0) return;
    ++n_idle_;
    if (n_idle_ > 64 && n_idle_ * 2 > tenants_.size()) forget_idle();
}

void TenantTable::admitted(const Tenant & tenant) {
    start_ = std::max(start_, tenant.service);
}

int64_t TenantTable::least_backlogged() const {
    int64_t least = INT64_MAX;
    for (const auto & [id, tenant] : tenants_) {
        if (tenant.waiting > 0) least = std::min(least, tenant.service);
    }
    return least;
}

bool TenantTable::any_may_take_slot(const Tenant & from, EffectiveClass worst) const {
    const auto waits = [worst](const Tenant & tenant) {
        const auto end = tenant.waiting_of.begin() + std::min<EffectiveClass>(worst, kClasses - 1) + 1;
        return std::any_of(tenant.waiting_of.begin(), end, [](int32_t n) { return n > 0; });
    };
    return std::any_of(tenants_.begin(), tenants_.end(),
                       [&](const auto & entry) { return may_take_slot(entry.second, from) && waits(entry.second); });
}

bool TenantTable::all_may_take_slot(const Tenant & from) const {
    return std::all_of(tenants_.begin(), tenants_.end(), [&](const auto & entry) {
        const Tenant & tenant = entry.second;
        return tenant.waiting == 0 || &tenant == &from || may_take_slot(tenant, from);
    });
}

int32_t TenantTable::waiting_before(TenantId tenant, int32_t weight) const {
    const Tenant * const own = find(tenant);
    const int64_t n_own = own ? own->waiting : 0;
    int64_t before = n_own;
    for (const auto & [id, other] : tenants_) {
        if (&other == own) continue;
        before += std::min<int64_t>(other.waiting, (n_own + 1) * other.weight / weight);
    }
    return static_cast<int32_t>(before);
}

const Tenant * TenantTable::find(TenantId tenant) const {
    const auto it = tenants_.find(tenant);
    return it == tenants_.end() ? nullptr : &it->second;
}

/** Drops the idle tenants that would come back as newcomers anyway. */
void TenantTable::forget_idle() {
    for (auto it = tenants_.begin(); it != tenants_.end();) {
        const bool forget = it->second.live == 0 && it->second.service <= start_;
        n_idle_ -= forget;
        it = forget ? tenants_.erase(it) : std::next(it);
    }
}

}  // namespace banyan
