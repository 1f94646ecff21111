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
#include <optional>
#include <vector>

#include "core/drafts/draft.h"
#include "core/memory/prefix-cache.h"
#include "core/programs/program.h"
#include "core/programs/tenant-table.h"
#include "core/requests/prompt-key.h"
#include "core/requests/stops.h"
#include "core/tiers/loads.h"
#include "core/types.h"

namespace banyan {

constexpr int32_t kMaxPreemptions = 3;

struct Sequence {
    RequestId id = 0;
    Class cls = Class::interactive;
    Program * program = nullptr;
    TenantId tenant_id = 0;
    Tenant * tenant = nullptr;
    Salt salt = 0;
    bool cache = true;          // takes part in the prefix cache
    bool scored = false;        // the logits of every prompt token are wanted
    bool drafts = true;         // tokens may be drafted for it
    std::vector<Token> tokens;  // prompt, then output
    int32_t n_prompt = 0;
    int32_t limit = 0;     // tokens it may reach
    uint64_t arrival = 0;  // order of submits
    Micros deadline = kNever;
    GroupId group = 0;            // siblings of one fork
    int32_t static_tokens = 0;    // of the prompt: system and tools
    int32_t boundary = 0;         // of the prompt: before where the next prompt may leave it; 0: unknown
    int64_t service_before = 0;   // of the path of calls that leads here
    bool in_time = false;         // its program came back with it before its pages were let go
    PromptKey prompt_key;         // tells how much of its prompt it shares with others
    std::optional<PageKey> root;  // key before its first page; nullopt: it takes no part in tiers
    std::vector<PageKey> keys;    // of its full pages, as far as they were wanted
    bool durable = false;         // its session is journaled

    // waiting
    Micros wait_since = 0, waited = 0;  // waited: in former waits, before preemptions
    int32_t uncached = 0;               // tokens of the prompt that were not cached when it came
    Micros foretold = 0;                // when it would have its first token; 0: it has no limit
    RequestId producer = 0;             // 0, or the running request that computes tokens [0, shared) of ours
    int32_t shared = 0;
    LoadId load = 0;                           // 0, or the load that brings pages of it
    int32_t n_loads = 0;                       // that it has waited for, in this wait
    int32_t loaded_begin = 0, loaded_end = 0;  // tokens of it that loads brought
    Tier loaded_from = Tier::disk;

    // running
    std::unique_ptr<Holding> holding;
    SlotId slot = kNoSlot;
    bool slot_started = false;           // a row of this slot was committed
    Stops stops;                         // of its prompt: those not computed yet
    int32_t prefill_end = 0;             // tokens at admission: computing those is prefill, later ones decode
    EffectiveClass admitted_class = 0;   // its class lifted by age, at admission
    EffectiveClass effective_class = 0;  // the same, or better while a better request waits for its prefill
    uint64_t admission = 0;              // order of admissions
    int32_t need = 0;                    // pages it adds to its program's
    bool resumes = false;                // at least half of its tokens were cached at admission
    Micros started = 0;                  // when it was admitted last
    Micros progressed = 0;               // when something of it was computed last, or it was admitted
    uint64_t last_step = 0;
    bool cancelled = false;          // while its row is computed: ends at commit
    bool sampling = false;           // its row asked for a token that has not come yet
    int32_t kept = 0;                // of the drafts of its row: what was sampled
    std::vector<Token> with_drafts;  // the tokens of its row, drafts among them
    DraftKind draft_kind = DraftKind::own;
    std::vector<Token> likely;  // see RowResult: after so many tokens of it
    int32_t n_sure = 0, likely_at = 0;

    bool restarted = false;       // ran before, until a step failed
    int32_t computed_before = 0;  // most tokens that were computed before a preemption
    RequestUsage usage;

    bool running() const { return holding != nullptr; }
    int32_t n_tokens() const { return static_cast<int32_t>(tokens.size()); }
    int32_t computed() const { return holding ? holding->table.n_written() : 0; }
    int32_t remaining() const { return n_tokens() - computed(); }
    /** Tokens that it can compute in one step: to its next stop, or all. */
    int32_t next_chunk() const {
        const int32_t most = scored ? std::min(remaining(), kMostScored) : remaining();
        return stops.next() ? std::min(most, stops.next()->end - computed()) : most;
    }
    bool prefilling() const { return running() && computed() < prefill_end; }
    /** Wants a token for what is left, in one row: one token, or those that were appended without being sampled. */
    bool decodes() const { return running() && (remaining() == 1 || computed() >= prefill_end); }
    /** Of its tokens, those that the tree holds as computed by it. */
    int32_t published() const { return holding ? holding->lock.end() : 0; }
    /** Most tokens whose KV it can ever need: the last one sampled is never run through the model. */
    int32_t most_computed() const { return std::max(n_tokens(), limit - 1); }
    /** Pages that it holds or may take without asking; of a running one. */
    int32_t pages_and_promises() const {
        return static_cast<int32_t>(holding->table.pages().size()) + holding->promised;
    }

    /** Was preempted so often that it never is again: it runs only with all its pages promised. */
    bool is_protected() const { return usage.preemptions >= kMaxPreemptions; }
    /** Runs above its class. */
    bool is_lifted() const { return admitted_class < number_of(cls); }
    /** While it runs no interactive request can have its slot. */
    bool is_unmovable() const { return cls != Class::interactive && (is_protected() || admitted_class == 0); }
    /** In this wait and those before. */
    Micros waited_by(Micros now) const { return waited + now - wait_since; }
    /** Its program as reports and decisions name it; 0: it came without. */
    ProgramId named_program() const { return program->anonymous ? 0 : program->program; }
};

/** The order of running sequences: least computes first, greatest is preempted first. */
inline bool runs_before(const Sequence * a, const Sequence * b) {
    return a->effective_class != b->effective_class ? a->effective_class < b->effective_class
                                                    : a->admission < b->admission;
}

/** A smoothed mean of integers: an eighth of the new value. */
template <typename T>
void smooth(T & mean, T value) {
    mean += (value - mean) / 8;
}

}  // namespace banyan
