// Every decision as one plain record: when, what, about whom, and the numbers it was made of.
//
// Owns: nothing. A sink is passed in; without one a decision costs a comparison with nullptr.
// Thread: the engine thread, inside submit, hint, schedule, commit, cancel. A sink must not call the scheduler.
// Invariant: same calls with the same arguments, same records.
#pragma once

#include <cstdint>
#include <string>

#include "core/types.h"

namespace banyan {

struct Decision {
    enum class Kind : uint8_t {
        arrive,      // a = prompt tokens, b = class
        refuse,      // BACKPRESSURE: a = predicted time to first token, b = retry after (micros)
        admit,       // a = cached tokens, b = tokens to prefill
        coalesce,    // waits for company: a = until (micros)
        dedupe,      // waits for an equal prefix in flight: a = producer's request id, b = tokens shared
        bypass,      // passes one without room: a = request passed, b = how often that one was passed
        preempt,     // a = for request (0: it makes room for itself), b = tokens computed so far
        lift,        // a wait raised its class: a = class, b = effective class
        window,      // the window of active programs: a = from, b = to
        pause,       // a program gives up its place: a = demand (pages), b = pages it had
        resume,      // and has it back: a = demand (pages)
        retain,      // pages of a waiting program: a = TTL (micros), b = why (RetainReason)
        expire,      // their TTL is over: a = TTL (micros)
        evict,       // a = pages, b = what they were (NodeKind)
        break_pin,   // the last resort
        plan,        // a step: a = prefill tokens, b = decode rows
        ahead,       // of a known next prompt, while nobody is there: a = tokens, b = tokens left to compute
        budget,      // prefill was limited: a = tokens allowed, b = predicted step time (micros)
        refit,       // cost constants: a = micros of a step, b = nanoseconds of a prompt token
        finish,      // a = output tokens, b = wait (micros)
        cancel,      // as finish
        program_end  // a = service (tokens), b = calls
    };
    Micros at = 0;
    Kind kind = Kind::arrive;
    RequestId request = 0;  // 0: about no request
    ProgramId program = 0;  // 0: about no program
    int64_t a = 0, b = 0;
};

constexpr int kDecisionKinds = static_cast<int>(Decision::Kind::program_end) + 1;

class DecisionSink {
  public:
    virtual ~DecisionSink() = default;
    virtual void record(const Decision & decision) = 0;
};

const char * name_of(Decision::Kind kind);

/** One line, for people: "12.345 retain program 7: kept 9.4 s because 95 of 100 calls of the tool were back by then".
 */
std::string describe(const Decision & decision);

}  // namespace banyan
