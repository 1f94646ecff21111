// One request from submit to its end: its tokens (the truth), its pages, and where it stands.
//
// Owns: its holding while it runs.
// Changed by: the scheduler only.
// Thread: the engine thread.
// Invariant: waiting = no slot, no holding, nothing computed. Running = a slot, and computed() <= tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/prefix-cache.h"
#include "core/program-table.h"
#include "core/scheduler.h"
#include "core/types.h"

namespace banyan {

struct Sequence {
    RequestId id = 0;
    Class cls = Class::interactive;
    ProgramId program = 0;        // key in the program table: never 0
    Program * service = nullptr;  // its entry there
    Salt salt = 0;
    bool cache = true;          // takes part in the prefix cache
    std::vector<Token> tokens;  // prompt, then output
    int32_t n_prompt = 0;
    int32_t limit = 0;     // tokens it may reach
    uint64_t arrival = 0;  // order of submits

    // waiting
    Micros wait_since = 0, waited = 0;  // waited: in former waits, before preemptions
    RequestId producer = 0;             // 0, or the running request that computes tokens [0, shared) of ours
    int32_t shared = 0;

    // running
    std::unique_ptr<Holding> holding;
    SlotId slot = kNoSlot;
    bool slot_started = false;  // a row of this slot was committed
    int32_t prefill_end = 0;    // tokens at admission: computing those is prefill, computing later ones is decode
    int32_t own_level = 0;      // class lifted by age, at admission
    int32_t level = 0;          // the same, or better while somebody better waits for its prefill
    uint64_t admission = 0;     // order of admissions
    uint64_t last_step = 0;
    bool cancelled = false;  // while its row is computed: ends at commit
    bool sampling = false;   // its row asked for a token that has not come yet

    int32_t computed_before = 0;  // most tokens that were computed before a preemption
    RequestUsage usage;

    bool running() const { return holding != nullptr; }
    int32_t n_tokens() const { return static_cast<int32_t>(tokens.size()); }
    int32_t computed() const { return holding ? holding->table.n_written() : 0; }
    int32_t remaining() const { return n_tokens() - computed(); }
    bool prefilling() const { return running() && computed() < prefill_end; }
    /** Of its tokens, those that the tree holds as computed by it. */
    int32_t published() const { return holding ? holding->lock.end() : 0; }
    /** Most tokens whose KV it can ever need: the last one sampled is never run through the model. */
    int32_t most_computed() const { return std::max(n_tokens(), limit - 1); }
};

}  // namespace banyan
