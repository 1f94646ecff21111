#include "core/programs/tenant-table.h"
#include "check.h"

using namespace banyan;

TEST("service adds up over a tenant's requests and never decreases") {
    TenantTable table;
    Tenant & a = table.enter(1);
    TenantTable::charge(a, 100);
    CHECK_EQ(&table.enter(1), &a);
    TenantTable::charge(a, 50);
    CHECK_EQ(a.service, 150);
    table.leave(1);
    table.leave(1);
    CHECK_EQ(table.enter(1).service, 150);
}

TEST("a newcomer starts level with the tenant admitted last, and staying away earns nothing") {
    TenantTable table;
    Tenant & busy = table.enter(1);
    TenantTable::charge(table.enter(2), 10);
    table.leave(2);
    TenantTable::charge(busy, 1000);
    table.admitted(busy);
    CHECK_EQ(table.enter(3).service, 1000);
    CHECK_EQ(table.enter(2).service, 1000);
}

TEST("tenants that are gone are forgotten") {
    TenantTable table;
    for (ProgramId id = 1; id <= 10'000; ++id) {
        Tenant & tenant = table.enter(id);
        table.admitted(tenant);
        TenantTable::charge(tenant, 1);
        table.leave(id);
        table.admitted(table.enter(20'000));
        TenantTable::charge(table.enter(20'000), 5);
    }
    CHECK(table.size() < 200);
}
