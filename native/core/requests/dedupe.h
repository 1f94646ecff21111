// Finds the running prefill that is about to compute what a waiting request needs, so that it is computed once.
//
// Owns: nothing. Thread: the engine thread.
// Invariant: derived anew from what runs at each look, so a producer that is cancelled, preempted or evicted leaves no
// request waiting for it: the next in rank computes.
#pragma once

#include <cstdint>

#include "core/memory/prefix-cache.h"
#include "core/requests/running-set.h"
#include "core/requests/sequence.h"

namespace banyan {

/** Is `producer` (seq.producer, nullptr: it is gone) still about to compute what seq waits for? */
bool still_produces(const Sequence * producer, const Sequence & seq);

struct Producer {
    Sequence * seq = nullptr;  // nullptr: none
    int32_t shared = 0;        // tokens [0, shared) of both are the same
};

/**
 * Among the running prefills, the first that will compute enough of the request's prompt beyond what is cached. With
 * recurrent layers that is worth a wait even just before its end: there a state is saved that cannot be had elsewhere.
 */
Producer find_producer(const Sequence & seq, const RunningSet & running, const PrefixCache & cache);

}  // namespace banyan
