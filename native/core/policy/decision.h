// One decision of the scheduler: when, about which request and program, and the numbers it was made of.
//
// A kind is a struct with named fields; fields() gives them as numbers, of which the simulator's log prints two at
// most. Adding a kind: a struct and its place in `What` here, a name and a sentence in decision.cpp, and the same
// fields in src/native/decisions.ts.
//
// Owns: nothing but its text. Thread: the engine thread makes it, any may read it.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

#include "core/memory/radix-node.h"
#include "core/programs/report.h"
#include "core/types.h"

namespace banyan {

namespace decision {

/** A request was accepted. */
struct Arrive {
    int32_t prompt_tokens;
    Class cls;
    auto fields() const { return std::make_tuple(prompt_tokens, cls); }
};

/** A request was refused (BACKPRESSURE): its first token was predicted to come later than it allows. */
struct Refuse {
    Micros predicted;    // time to its first token
    Micros retry_after;  // span after which it would probably be accepted
    auto fields() const { return std::make_tuple(predicted, retry_after); }
};

/** A request starts. */
struct Admit {
    int32_t cached_tokens;   // that the cache holds of it
    int32_t prefill_tokens;  // that are to be computed
    auto fields() const { return std::make_tuple(cached_tokens, prefill_tokens); }
};

/** Nothing starts yet: another request is expected so soon that starting together is cheaper. */
struct Coalesce {
    Micros until;  // point of the clock
    int32_t waiting;
    auto fields() const { return std::make_tuple(until, waiting); }
};

/** A request waits for a running one that is about to compute the same tokens. */
struct Dedupe {
    RequestId producer;
    int32_t shared_tokens;
    auto fields() const { return std::make_tuple(producer, shared_tokens); }
};

/** A smaller request starts before one that finds no room. */
struct Bypass {
    RequestId passed;
    int32_t times_passed;  // how often that one was passed by now
    auto fields() const { return std::make_tuple(passed, times_passed); }
};

/** A running request stops and is computed again later. */
struct Preempt {
    RequestId in_favour_of;   // 0: it found no page for itself
    int32_t computed_tokens;  // of it so far
    auto fields() const { return std::make_tuple(in_favour_of, computed_tokens); }
};

/** A long wait let a request start above its class. */
struct Lift {
    Class cls;
    EffectiveClass effective_class;
    auto fields() const { return std::make_tuple(cls, effective_class); }
};

/** The number of workflow and background programs that may be active changed. */
struct Window {
    int32_t from, to;
    auto fields() const { return std::make_tuple(from, to); }
};

/** An idle program gives up its place, so that the others' pages suffice. */
struct Pause {
    int64_t demand_pages;   // what all active programs want, this one included
    int32_t program_pages;  // what this one was counted with
    auto fields() const { return std::make_tuple(demand_pages, program_pages); }
};

/** A paused program is active again. */
struct Resume {
    int64_t demand_pages;
    auto fields() const { return std::make_tuple(demand_pages); }
};

/** How long the pages of a program that waits for a tool or a person are kept, and why. */
struct Retain {
    Retention retention;
    auto fields() const {
        return std::make_tuple(retention.ttl, retention.reason, retention.samples, retention.back_by_then,
                               retention.restore);
    }
};

/** That time is over: the pages of the program may go. */
struct Expire {
    Micros kept;
    auto fields() const { return std::make_tuple(kept); }
};

/** Cached pages went to make room. */
struct Evict {
    int64_t pages;
    NodeKind page_kind;  // what they were kept for
    auto fields() const { return std::make_tuple(pages, page_kind); }
};

/** A pin was ended before its time, because a request could run only on its pages. */
struct BreakPin {
    auto fields() const { return std::make_tuple(); }
};

/** A step goes to the runner. */
struct Plan {
    int64_t prefill_tokens, decode_rows;
    auto fields() const { return std::make_tuple(prefill_tokens, decode_rows); }
};

/** While no request is live: part of a prompt that a program said it will send is computed. */
struct Ahead {
    int32_t tokens, tokens_left;
    auto fields() const { return std::make_tuple(tokens, tokens_left); }
};

/** Prompts got fewer tokens of the step than they asked for, so that decoding requests keep their pace. */
struct Budget {
    int32_t allowed_tokens;
    Micros step_time;  // as predicted
    auto fields() const { return std::make_tuple(allowed_tokens, step_time); }
};

/** The constants of the cost model were fitted to measured steps. */
struct Refit {
    Micros step;            // of an empty step
    int64_t prefill_nanos;  // of a prompt token
    auto fields() const { return std::make_tuple(step, prefill_nanos); }
};

/** A request ended by itself. */
struct Finish {
    int32_t output_tokens;
    Micros waited;  // without a slot, all in all
    auto fields() const { return std::make_tuple(output_tokens, waited); }
};

/** A request was cancelled. */
struct Cancel {
    int32_t output_tokens;
    Micros waited;
    auto fields() const { return std::make_tuple(output_tokens, waited); }
};

/** A program ended or was forgotten. */
struct ProgramEnd {
    int64_t service_tokens;  // along its longest path of calls
    int32_t calls;
    auto fields() const { return std::make_tuple(service_tokens, calls); }
};

using What = std::variant<Arrive, Refuse, Admit, Coalesce, Dedupe, Bypass, Preempt, Lift, Window, Pause, Resume, Retain,
                          Expire, Evict, BreakPin, Plan, Ahead, Budget, Refit, Finish, Cancel, ProgramEnd>;

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
        program_end
    };
    Micros at = 0;
    RequestId request = 0;  // 0: about no request
    ProgramId program = 0;  // 0: about no program
    decision::What what;

    Kind kind() const { return static_cast<Kind>(what.index()); }
};

constexpr int kDecisionKinds = static_cast<int>(std::variant_size_v<decision::What>);
static_assert(static_cast<int>(Decision::Kind::program_end) + 1 == kDecisionKinds);

/** As the log and src/native/decisions.ts spell it. */
const char * name_of(Decision::Kind kind);

/** A sentence about what was decided: "request 7 starts: 1,024 tokens are cached, 96 are to be computed". */
std::string describe(const Decision & decision);

}  // namespace banyan
