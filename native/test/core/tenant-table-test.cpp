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

TEST("a slot is taken from a tenant that then still has as many for its weight") {
    const auto with = [](int32_t running, int32_t weight) {
        Tenant tenant;
        tenant.running = running;
        tenant.weight = weight;
        return tenant;
    };
    CHECK(may_take_slot(with(0, 1), with(2, 1)));
    CHECK(!may_take_slot(with(0, 1), with(1, 1)));  // its only one
    CHECK(!may_take_slot(with(3, 1), with(4, 1)));  // they would change places for ever
    CHECK(may_take_slot(with(2, 3), with(2, 1)));
    CHECK(!may_take_slot(with(3, 3), with(2, 1)));
    CHECK(has_fewer_slots(with(2, 3), with(1, 1)) && !has_fewer_slots(with(3, 3), with(1, 1)));
}

TEST("the next request of a tenant waits for its own, and for as many of each other as their weights say") {
    TenantTable table;
    Tenant &crowd = table.enter(1, 1), &heavy = table.enter(2, 3);
    crowd.waiting = 10'000;
    CHECK_EQ(table.waiting_before(9, 1), 1);
    CHECK_EQ(table.waiting_before(1, 1), 10'000);
    heavy.waiting = 2;
    CHECK_EQ(table.waiting_before(9, 1), 1 + 2);
    CHECK_EQ(table.waiting_before(2, 3), 2 + 1);
    CHECK_EQ(table.waiting_before(1, 1), 10'000 + 2);
}

TEST("who of those that wait may take a slot of a tenant: none, some, all others, by class") {
    TenantTable table;
    Tenant &crowd = table.enter(1, 1), &one = table.enter(2, 1), &two = table.enter(3, 1);
    crowd.running = 4;
    crowd.waiting = crowd.waiting_of[Class::interactive] = 9;
    CHECK(!table.any_may_take_slot(crowd, 2) && table.all_may_take_slot(crowd));
    one.waiting = one.waiting_of[Class::workflow] = 1;
    CHECK(table.any_may_take_slot(crowd, 2) && table.all_may_take_slot(crowd));
    CHECK(table.any_may_take_slot(crowd, 1) && !table.any_may_take_slot(crowd, 0) &&
          !table.any_may_take_slot(crowd, -1));
    two.waiting = two.waiting_of[Class::interactive] = 1;
    two.running = 3;
    CHECK(!table.any_may_take_slot(crowd, 0) && !table.all_may_take_slot(crowd));
}
