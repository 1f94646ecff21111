// Engines with a disk cache, and what is asked of them.
#pragma once

#include <random>
#include <string>

#include "test-engine.h"

namespace banyan::test {

inline EngineOptions cached(const std::string & dir) {
    EngineOptions options = small_engine();
    options.cache.dir = dir;
    options.cache.bytes = 64 << 20;
    // As of a model that is slow to compute: loading pays on any disk, and has time on any machine, a busy one too.
    options.cache.page_read = 50'000;
    options.calibrate = false;
    options.policy.cost.step = 1'000'000'000;
    options.policy.cost.prefill = 10'000'000'000;
    return options;
}

/** A step of an agent: 600 tokens, of which 256 are its system prompt. */
inline RequestOptions agent_step(uint32_t seed = 1, ProgramId program = 7) {
    std::mt19937 random(seed);
    RequestOptions request;
    for (int i = 0; i < 600; ++i) request.prompt.push_back(static_cast<Token>(10 + random() % 200));
    request.static_tokens = 256;
    request.program = program;
    request.max_tokens = 12;
    request.ignore_eos = true;
    request.sampling.temperature = 0;
    return request;
}

inline int64_t on_disk(const Outcome & outcome) {
    return outcome.usage.hits[Tier::disk];
}

}  // namespace banyan::test
