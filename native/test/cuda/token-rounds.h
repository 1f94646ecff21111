// What greedy-tokens asks of an engine: rounds of requests whose tokens do not depend on who computes them, or when.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/test-engine.h"

namespace banyan::test {

/** Requests that are submitted together. Their tokens are those of each alone, but for ties. */
struct Round {
    std::string name;
    std::vector<RequestOptions> requests;
};

/** What a round must have made the engine do, or it tested nothing. */
struct RoundEffects {
    int cached_tokens = 0, preemptions = 0;
};

/** Options of an engine with room for all, and of one with far too few pages for 16 requests. */
EngineOptions roomy(const std::string & model);
EngineOptions crowded(const std::string & model);

/** Cold prompts of 5 to 300 tokens, and the same again with the log-probabilities of their tokens. */
std::vector<Round> first_rounds(const Model & model);
/** What follows on the answers to the first round: second turns over cached prefixes, and forks of one sequence. */
std::vector<Round> later_rounds(const Model & model, const Round & first, const std::vector<Outcome> & answers);
/** More requests at once than pages for them. */
Round crowd(const Model & model);

/** Answers in the order of the requests. */
std::vector<Outcome> run(TestEngine & engine, const Round & round, RoundEffects & effects);

}  // namespace banyan::test
