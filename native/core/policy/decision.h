// One decision of the scheduler: when, about which request and program, and the numbers it was made of.
//
// A kind is a struct with its name and its fields, a record as of core/record.h; the simulator's log prints the first
// two; those about pages outside the pool are in tier-decisions.h, those about drafts and forced tokens in
// draft-decisions.h. Adding a kind: a struct, its place in `What` and in
// `Kind` here, a sentence in decision.cpp, and the type of its fields in src/native/decisions.ts.
//
// Owns: nothing but its text. Thread: the engine thread makes it, any may read it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "core/memory/radix-node.h"
#include "core/policy/draft-decisions.h"
#include "core/policy/tier-decisions.h"
#include "core/programs/report.h"
#include "core/record.h"

namespace banyan {

namespace decision {

/** A request was accepted. */
struct Arrive {
    static constexpr const char * kName = "arrive";
    int32_t prompt_tokens;
    Class cls;
    template <typename See>
    void each_field(See && see) const {
        see("promptTokens", prompt_tokens);
        see("class", cls);
    }
};

/** A request was refused (BACKPRESSURE): its first token was predicted to come later than it allows. */
struct Refuse {
    static constexpr const char * kName = "refuse";
    Micros predicted;    // time to its first token
    Micros retry_after;  // span after which it would probably be accepted
    template <typename See>
    void each_field(See && see) const {
        see("predictedMs", Millis{predicted});
        see("retryAfterMs", Millis{retry_after});
    }
};

/** A request starts. */
struct Admit {
    static constexpr const char * kName = "admit";
    int32_t cached_tokens;   // that the cache holds of it
    int32_t prefill_tokens;  // that are to be computed
    template <typename See>
    void each_field(See && see) const {
        see("cachedTokens", cached_tokens);
        see("prefillTokens", prefill_tokens);
    }
};

/** Nothing starts yet: another request is expected so soon that starting together is cheaper. */
struct Coalesce {
    static constexpr const char * kName = "coalesce";
    Micros until;  // point of the clock
    int32_t waiting;
    template <typename See>
    void each_field(See && see) const {
        see("untilMs", Millis{until});
        see("waiting", waiting);
    }
};

/** A request waits for a running one that is about to compute the same tokens. */
struct Dedupe {
    static constexpr const char * kName = "dedupe";
    RequestId producer;
    int32_t shared_tokens;
    template <typename See>
    void each_field(See && see) const {
        see("producer", producer);
        see("sharedTokens", shared_tokens);
    }
};

/** A smaller request starts before one that finds no room. */
struct Bypass {
    static constexpr const char * kName = "bypass";
    RequestId passed;
    int32_t times_passed;  // how often that one was passed by now
    template <typename See>
    void each_field(See && see) const {
        see("passed", passed);
        see("timesPassed", times_passed);
    }
};

/** A running request stops and is computed again later. */
struct Preempt {
    static constexpr const char * kName = "preempt";
    RequestId in_favour_of;   // 0: it found no page for itself
    int32_t computed_tokens;  // of it so far
    template <typename See>
    void each_field(See && see) const {
        see("inFavourOf", in_favour_of);
        see("computedTokens", computed_tokens);
    }
};

/** A long wait let a request start above its class. */
struct Lift {
    static constexpr const char * kName = "lift";
    Class cls;
    EffectiveClass effective_class;
    template <typename See>
    void each_field(See && see) const {
        see("class", cls);
        see("effectiveClass", static_cast<Class>(effective_class));
    }
};

/** The number of workflow and background programs that may be active changed. */
struct Window {
    static constexpr const char * kName = "window";
    int32_t from, to;
    template <typename See>
    void each_field(See && see) const {
        see("from", from);
        see("to", to);
    }
};

/** An idle program gives up its place, so that the others' pages suffice. */
struct Pause {
    static constexpr const char * kName = "pause";
    int64_t demand_pages;   // what all active programs want, this one included
    int32_t program_pages;  // what this one was counted with
    template <typename See>
    void each_field(See && see) const {
        see("demandPages", demand_pages);
        see("programPages", program_pages);
    }
};

/** A paused program is active again. */
struct Resume {
    static constexpr const char * kName = "resume";
    int64_t demand_pages;
    template <typename See>
    void each_field(See && see) const {
        see("demandPages", demand_pages);
    }
};

/** How long the pages of a program that waits for a tool or a person are kept, and why. */
struct Retain {
    static constexpr const char * kName = "retain";
    Retention retention;
    template <typename See>
    void each_field(See && see) const {
        see("keepMs", Millis{retention.ttl});
        see("reason", retention.reason);
        see("samples", retention.samples);
        see("backByThen", retention.back_by_then);
        see("restoreMs", Millis{retention.restore});
        see("tool", retention.tool);
    }
};

/** That time is over: the pages of the program may go. */
struct Expire {
    static constexpr const char * kName = "expire";
    Micros kept;
    template <typename See>
    void each_field(See && see) const {
        see("keptMs", Millis{kept});
    }
};

/** Cached pages went to make room. */
struct Evict {
    static constexpr const char * kName = "evict";
    int64_t pages;
    NodeKind page_kind;  // what they were kept for
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("pageKind", page_kind);
    }
};

/** A pin was ended before its time, because a request could run only on its pages. */
struct BreakPin {
    static constexpr const char * kName = "break_pin";
    template <typename See>
    void each_field(See &&) const {}
};

/** A step goes to the runner. */
struct Plan {
    static constexpr const char * kName = "plan";
    int64_t prefill_tokens, decode_rows;
    template <typename See>
    void each_field(See && see) const {
        see("prefillTokens", prefill_tokens);
        see("decodeRows", decode_rows);
    }
};

/** While no request is live: part of a prompt that a program said it will send is computed. */
struct Ahead {
    static constexpr const char * kName = "ahead";
    int32_t tokens, tokens_left;
    template <typename See>
    void each_field(See && see) const {
        see("tokens", tokens);
        see("tokensLeft", tokens_left);
    }
};

/** Prompts got fewer tokens of the step than they asked for, so that decoding requests keep their pace. */
struct Budget {
    static constexpr const char * kName = "budget";
    int32_t allowed_tokens;
    Micros step_time;  // as predicted
    template <typename See>
    void each_field(See && see) const {
        see("allowedTokens", allowed_tokens);
        see("stepMs", Millis{step_time});
    }
};

/** The constants of the cost model were fitted to measured steps. */
struct Refit {
    static constexpr const char * kName = "refit";
    Micros step;            // of an empty step
    int64_t prefill_nanos;  // of a prompt token
    template <typename See>
    void each_field(See && see) const {
        see("stepMs", Millis{step});
        see("prefillNs", prefill_nanos);
    }
};

/** A request ended by itself. */
struct Finish {
    static constexpr const char * kName = "finish";
    int32_t output_tokens;
    Micros waited;  // without a slot, all in all
    template <typename See>
    void each_field(See && see) const {
        see("outputTokens", output_tokens);
        see("waitedMs", Millis{waited});
    }
};

/** A request was cancelled. */
struct Cancel {
    static constexpr const char * kName = "cancel";
    int32_t output_tokens;
    Micros waited;
    template <typename See>
    void each_field(See && see) const {
        see("outputTokens", output_tokens);
        see("waitedMs", Millis{waited});
    }
};

/** A program ended or was forgotten. */
struct ProgramEnd {
    static constexpr const char * kName = "program_end";
    int64_t service_tokens;  // along its longest path of calls
    int32_t calls;
    template <typename See>
    void each_field(See && see) const {
        see("serviceTokens", service_tokens);
        see("calls", calls);
    }
};

/** The state of recurrent layers after so many tokens is saved with the step. */
struct SaveState {
    static constexpr const char * kName = "save_state";
    int32_t tokens;
    NodeKind state_kind;  // what it is kept for
    template <typename See>
    void each_field(See && see) const {
        see("tokens", tokens);
        see("stateKind", state_kind);
    }
};

/** Saved states went to make room for others. */
struct EvictState {
    static constexpr const char * kName = "evict_state";
    int64_t states;
    NodeKind state_kind;
    template <typename See>
    void each_field(See && see) const {
        see("states", states);
        see("stateKind", state_kind);
    }
};

using What =
    std::variant<Arrive, Refuse, Admit, Coalesce, Dedupe, Bypass, Preempt, Lift, Window, Pause, Resume, Retain, Expire,
                 Evict, BreakPin, Plan, Ahead, Budget, Refit, Finish, Cancel, ProgramEnd, SaveState, EvictState, Load,
                 Loaded, LoadLate, LoadGaveWay, Recompute, Store, StoreFailed, TierRest, Disk, Draft, DraftRest, Jump>;

}  // namespace decision

struct Decision {
    /** The alternatives of `What`, in its order. */
    enum class Kind : uint8_t {
        arrive,
        refuse,
        admit,
        coalesce,
        dedupe,
        bypass,
        preempt,
        lift,
        window,
        pause,
        resume,
        retain,
        expire,
        evict,
        break_pin,
        plan,
        ahead,
        budget,
        refit,
        finish,
        cancel,
        program_end,
        save_state,
        evict_state,
        load,
        loaded,
        load_late,
        load_gave_way,
        recompute,
        store,
        store_failed,
        tier_rest,
        disk,
        draft,
        draft_rest,
        jump
    };
    Micros at = 0;
    RequestId request = 0;  // 0: about no request
    ProgramId program = 0;  // 0: about no program
    decision::What what;

    Kind kind() const { return static_cast<Kind>(what.index()); }
};

constexpr int kDecisionKinds = static_cast<int>(std::variant_size_v<decision::What>);
static_assert(static_cast<int>(Decision::Kind::jump) + 1 == kDecisionKinds);

/** As the log and src/native/decisions.ts spell it. */
const char * name_of(Decision::Kind kind);

/** How often each kind of decision was made, by Decision::Kind. */
struct RuleCounts : std::array<uint64_t, kDecisionKinds> {
    template <typename See>
    void each_field(See && see) const {
        for (size_t kind = 0; kind < size(); ++kind) see(name_of(static_cast<Decision::Kind>(kind)), (*this)[kind]);
    }
};

/** A sentence about what was decided: "request 7 starts: 1,024 tokens are cached, 96 are to be computed". */
std::string describe(const Decision & decision);

}  // namespace banyan
