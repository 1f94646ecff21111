#include "core/programs/tenant-table.h"
#include "check.h"

using namespace banyan;

TEST("service adds up over a tenant's requests and never decreases") {
    TenantTable table;
    Tenant & a = table.enter(1, 1);
    TenantTable::charge(a, 100);
    CHECK_EQ(&table.enter(1, 1), &a);
    TenantTable::charge(a, 50);
    CHECK_EQ(a.service, 150);
    table.leave(1);
    table.leave(1);
    CHECK_EQ(table.enter(1, 1).service, 150);
}

TEST("a newcomer starts level with the tenant admitted last, and staying away earns nothing") {
    TenantTable table;
    Tenant & busy = table.enter(1, 1);
    TenantTable::charge(table.enter(2, 1), 10);
    table.leave(2);
    TenantTable::charge(busy, 1000);
    table.admitted(busy);
    CHECK_EQ(table.enter(3, 1).service, 1000);
    CHECK_EQ(table.enter(2, 1).service, 1000);
}

TEST("a token counts by the weight of its tenant, and nothing is lost by rounding") {
    TenantTable table;
    Tenant & heavy = table.enter(1, 3);
    for (int i = 0; i < 100; ++i) TenantTable::charge(heavy, 1);
    CHECK_EQ(heavy.service, 33);
    TenantTable::charge(heavy, 2);
    CHECK_EQ(heavy.service, 34);
    CHECK_EQ(table.enter(1, 1).service, 34);  // another weight from now on
    TenantTable::charge(heavy, 10);
    CHECK_EQ(heavy.service, 44);
}

TEST("tenants that are gone are forgotten") {
    TenantTable table;
    for (ProgramId id = 1; id <= 10'000; ++id) {
        Tenant & tenant = table.enter(id, 1);
        table.admitted(tenant);
        TenantTable::charge(tenant, 1);
        table.leave(id);
        table.admitted(table.enter(20'000, 1));
        TenantTable::charge(table.enter(20'000, 1), 5);
    }
    CHECK(table.size() < 200);
}
