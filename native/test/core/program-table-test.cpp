#include "core/program-table.h"
#include "check.h"

using namespace banyan;

TEST("service adds up over a program's requests and never decreases") {
    ProgramTable table;
    Program & a = table.enter(1);
    ProgramTable::charge(a, 100);
    CHECK_EQ(&table.enter(1), &a);
    ProgramTable::charge(a, 50);
    CHECK_EQ(a.service, 150);
    table.leave(1);
    table.leave(1);
    CHECK_EQ(table.enter(1).service, 150);
}

TEST("a newcomer starts level with the program admitted last, and staying away earns nothing") {
    ProgramTable table;
    Program & busy = table.enter(1);
    ProgramTable::charge(table.enter(2), 10);
    table.leave(2);
    ProgramTable::charge(busy, 1000);
    table.admitted(busy);
    CHECK_EQ(table.enter(3).service, 1000);
    CHECK_EQ(table.enter(2).service, 1000);
}

TEST("programs that are gone are forgotten") {
    ProgramTable table;
    for (ProgramId id = 1; id <= 10'000; ++id) {
        Program & program = table.enter(id);
        table.admitted(program);
        ProgramTable::charge(program, 1);
        table.leave(id);
        table.admitted(table.enter(20'000));
        ProgramTable::charge(table.enter(20'000), 5);
    }
    CHECK(table.size() < 200);
}
