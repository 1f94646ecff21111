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
