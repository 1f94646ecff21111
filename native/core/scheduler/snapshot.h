// What the scheduler holds at one moment, for eyes: nodes, pages, requests, programs. Numbers only, no token.
//
// Owns: nothing. Thread: made on the engine thread, read on any.
// Invariant: rows of nodes, requests, programs and the page map are at most SnapshotLimits, what was left out is
// counted; holds are as many as the nodes shown have. What is not shown costs a look at most: of nodes a count, of
// programs a comparison.
#pragma once

#include <cstdint>
#include <vector>

#include "core/programs/report.h"
#include "core/record.h"
#include "core/types.h"

namespace banyan {

/** Why a node's pages are kept, least first: as NodeKind, then what no eviction takes. */
enum class Kept : uint8_t { abandoned, finished, idle, acting, next, fixed, pinned, running };
template <>
struct Words<Kept> {
    static constexpr auto list =
        words("abandoned", "finished", "idle", "acting", "next", "static", "pinned", "running");
};

/** An edge of the prefix tree. */
struct NodeRow {
    uint64_t id = 0, parent = 0;  // parent 0: a root
    uint64_t tenant = 0;          // the number of its salt
    int32_t begin = 0, tokens = 0, pages = 0;
    Kept kept = Kept::finished;  // the strongest reason at it or below
    int32_t users = 0;           // running requests at it or below
    int32_t on_disk = 0;         // of its tokens, those that a tier has as well
    bool state = false;          // of recurrent layers, after its last token: in memory
    bool state_on_disk = false;  // the same: in a tier
    int32_t children = 0;
    uint64_t stamp = 0;     // order of last uses
    ProgramId program = 0;  // whose mark or request ends here; 0: of none

    template <typename See>
    void each_field(See && see) const {
        see("id", id);
        see("parent", parent);
        see("tenant", tenant);
        see("begin", begin);
        see("tokens", tokens);
        see("pages", pages);
        see("kept", kept);
        see("users", users);
        see("onDisk", on_disk);
        see("state", state);
        see("stateOnDisk", state_on_disk);
        see("children", children);
        see("lastUse", stamp);
        see("program", program);
    }
};

/** What holds or marks the end of a node: a running request, a pin, a program that goes on from there. */
struct HoldRow {
    uint64_t node = 0;
    ProgramId program = 0;
    Kept kept = Kept::finished;

    template <typename See>
    void each_field(See && see) const {
        see("node", node);
        see("program", program);
        see("kept", kept);
    }
};

/** What a waiting request waits for. */
enum class WaitsFor : uint8_t {
    none,    // it runs
    prefix,  // another one computes the same tokens
    load,    // its pages are read from a tier
    slot,    // all slots are taken
    gate,    // programs that may be active, or what they want of the pages
    pages,   // pages for its prompt
    turn     // the next step, or those that go first
};
template <>
struct Words<WaitsFor> {
    static constexpr auto list = words("none", "prefix", "load", "slot", "gate", "pages", "turn");
};

struct RequestRow {
    RequestId id = 0;
    ProgramId program = 0;
    uint64_t tenant = 0;
    Class cls = Class::interactive;
    WaitsFor waits_for = WaitsFor::none;
    RequestId producer = 0;  // whom it waits for, of `prefix`
    Micros waited = 0, age = 0;
    int32_t prompt = 0, output = 0, cached = 0, computed = 0;  // tokens; computed: cells written, cached ones included
    int32_t pages = 0;                                         // that it has
    int32_t preemptions = 0, bypassed = 0;

    template <typename See>
    void each_field(See && see) const {
        see("id", id);
        see("program", program);
        see("tenant", tenant);
        see("class", cls);
        see("waitsFor", waits_for);
        see("producer", producer);
        see("waitedMs", Millis{waited});
        see("ageMs", Millis{age});
        see("promptTokens", prompt);
        see("outputTokens", output);
        see("cachedTokens", cached);
        see("computedTokens", computed);
        see("pages", pages);
        see("preemptions", preemptions);
        see("bypassed", bypassed);
    }
};

struct ProgramRow {
    ProgramId id = 0;
    Class cls = Class::interactive;
    Phase phase = Phase::reasoning;
    bool active = false, paused = false;
    int32_t calls = 0, live = 0;
    int64_t prompt = 0, cached = 0, computed = 0, output = 0, lost = 0;  // tokens
    Micros waited = 0, acting = 0;
    Micros keep = 0;      // its pages are kept before others' for so long; kNever: no time is set
    int32_t context = 0;  // tokens of its last path
    int32_t demand = 0;   // pages that it is expected to want

    template <typename See>
    void each_field(See && see) const {
        see("id", id);
        see("class", cls);
        see("phase", phase);
        see("active", active);
        see("paused", paused);
        see("calls", calls);
        see("live", live);
        see("promptTokens", prompt);
        see("cachedTokens", cached);
        see("computedTokens", computed);
        see("outputTokens", output);
        see("lostTokens", lost);
        see("waitedMs", Millis{waited});
        see("actingMs", Millis{acting});
        see("keepMs", Millis{keep});
        see("contextTokens", context);
        see("demandPages", demand);
    }
};

/** What a page of the pool is for; from kCachedPage on: kCachedPage + Kept of the node that has it. */
constexpr uint8_t kFreePage = 0, kHeldPage = 1, kCachedPage = 2;

struct SnapshotLimits {
    int32_t nodes = 10'000;
    int32_t requests = 4'096;      // waiting ones; of running ones there are no more slots than this
    int32_t programs = 4'096;      // those with requests first, then the latest
    int32_t page_cells = 1 << 16;  // of the page map
};

struct Snapshot {
    std::vector<NodeRow> nodes;  // level by level, parents first
    std::vector<HoldRow> holds;  // of those nodes
    std::vector<RequestRow> requests;
    std::vector<ProgramRow> programs;
    std::vector<uint8_t> pages;  // each stands for `pages_a_cell` pages, and tells of the first of them
    int32_t pages_a_cell = 1;
    int32_t nodes_left_out = 0, waiting_left_out = 0, programs_left_out = 0;
    int32_t promised_pages = 0, reserve_pages = 0;  // set aside for running requests; for interactive ones

    template <typename See>
    void each_field(See && see) const {
        see("pagesPerCell", pages_a_cell);
        see("nodesLeftOut", nodes_left_out);
        see("waitingLeftOut", waiting_left_out);
        see("programsLeftOut", programs_left_out);
        see("promisedPages", promised_pages);
        see("reservePages", reserve_pages);
    }
};

}  // namespace banyan
