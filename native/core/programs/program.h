// One agent run: what it reports, and what the scheduler keeps to plan for it.
//
// Owned by the program table; changed by it and by the scheduler. Thread: the engine thread.
// Invariant: service never decreases. demand > 0 only while active.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/memory/page-key.h"
#include "core/memory/radix-node.h"
#include "core/programs/report.h"
#include "core/types.h"

namespace banyan {

/** A tool that runs for a program. */
struct ToolRun {
    std::string tool;
    Micros started = 0;
    Micros expected = 0;  // 0: not said
};

struct Program : ProgramReport {
    bool anonymous = false;             // one request without a program: forgotten with it
    bool ending = false;                // said to be finished while calls of it were live
    bool in_time = false;               // its last return was within its TTL: so are all calls until it acts again
    Class cls = Class::interactive;     // of its last call
    uint64_t arrival = 0;               // order among programs
    int32_t running = 0;                // calls with a slot
    Micros running_time = 0;            // with a slot, over calls that ended
    std::map<GroupId, int32_t> groups;  // live siblings of each fork

    // while no call is live
    Micros since = 0;  // when its last call ended
    std::vector<ToolRun> tools;
    bool tool_ended = false;  // and said so: its time is recorded
    Micros keep_until = 0;    // its pages are kept before others' until then

    // memory
    int32_t context = 0;                           // tokens of its last path
    Salt salt = 0;                                 // of its first call
    Salt root_salt = 0;                            // of its last call, like the next
    std::optional<PageKey> root;                   // key before its first page; nullopt: no tier keeps pages of it
    int32_t shared = 0;                            // tokens of that which others had computed before
    int32_t demand = 0;                            // pages it is expected to want, counted in the table's sum
    int32_t need = 0;                              // pages that its running calls want, to their expected ends
    std::vector<std::unique_ptr<PathLock>> marks;  // ends of its last paths
    std::unique_ptr<PathLock> next;                // where its next call is known to begin
    std::unique_ptr<PathLock> boundary;            // where its next call leaves its last prompt at the latest
};

}  // namespace banyan
