// What the tests of tiers have in common: a pool with a store behind it, requests, a restart.
#pragma once

#include <utility>
#include <vector>

#include "core/tiers/loads.h"
#include "scheduler-cases.h"

namespace banyan::test {

/** 1 ms a prompt token and 1 ms a step; a read takes 1 ms, and 1 ms for each further page. */
inline SchedulerConfig tiered(int32_t n_pages, int32_t page_tokens = 4) {
    SchedulerConfig config = pool(n_pages, page_tokens);
    config.policy.cost.step = config.policy.cost.prefill = config.policy.cost.decode = 1'000'000'000;
    config.policy.coalesce = {0, 0, 0};
    config.tiers.on = true;
    config.tiers.first = 0;
    config.tiers.page = 1000;
    return config;
}

inline Request durable(RequestId id, std::vector<Token> prompt, Salt salt = 0) {
    Request r = request(id, std::move(prompt), Class::interactive);
    r.salt = salt;
    r.durable = true;
    return r;
}

inline void run(FakeEngine & engine, Request r, int32_t n_output = 1) {
    CHECK(engine.submit(std::move(r), n_output) == SubmitError::none);
    CHECK(engine.drain(1000));
}

/** Another process: the same store, nothing in the pool. */
struct Restarted : FakeEngine {
    explicit Restarted(const FakeEngine & before) : FakeEngine(before.config) {
        tier.pages = before.tier.pages;
        tier.states = before.tier.states;
        ColdNews news, states;
        for (const auto & [key, cells] : tier.pages) {
            const auto state = tier.states.find(key);
            if (state == tier.states.end()) {
                news.added.push_back({key, {}, ColdKind::history});
            } else {
                states.added.push_back({key, state->second, ColdKind::history});
            }
        }
        scheduler.take_news(news, Tier::disk);
        scheduler.take_state_news(states);
    }
};

inline uint64_t count(const FakeEngine & engine, Decision::Kind kind) {
    return engine.scheduler.stats().decisions[static_cast<size_t>(kind)];
}

}  // namespace banyan::test
