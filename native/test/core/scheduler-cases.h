// What the tests of the policy have in common: configurations, requests, and the steps until one of them runs.
#pragma once

#include <utility>
#include <vector>

#include "fake-engine.h"

namespace banyan::test {

inline SchedulerConfig pool(int32_t n_pages, int32_t page_tokens = 32, int32_t max_running = 8) {
    SchedulerConfig config;
    config.n_pages = n_pages;
    config.page_tokens = page_tokens;
    config.max_running = max_running;
    return config;
}

inline Request request(RequestId id, int32_t n_prompt, Class cls, ProgramId program = 0) {
    Request r = request(id, tokens_of(id, n_prompt));
    r.cls = cls;
    r.program = program;
    return r;
}

inline Request request(RequestId id, std::vector<Token> prompt, Class cls) {
    Request r = request(id, std::move(prompt));
    r.cls = cls;
    return r;
}

inline const BatchRow * row_of(const Batch & batch, RequestId id) {
    for (const BatchRow & row : batch.rows) {
        if (row.request == id) return &row;
    }
    return nullptr;
}

/** Steps until the request runs a row, at most `steps` times; computes that row. */
inline bool step_until_runs(FakeEngine & engine, RequestId id, int steps) {
    for (int i = 0; i < steps; ++i) {
        const Batch & batch = engine.scheduler.schedule(engine.now);
        const bool runs = row_of(batch, id) != nullptr;
        engine.commit(batch);
        if (runs) return true;
    }
    return false;
}

}  // namespace banyan::test
