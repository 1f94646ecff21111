#include "fake-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

SchedulerConfig pool(int32_t n_pages, int32_t page_tokens = 32) {
    SchedulerConfig config;
    config.n_pages = n_pages;
    config.page_tokens = page_tokens;
    return config;
}

}  // namespace

TEST("one request: prefill in chunks, then one decode a step") {
    FakeEngine engine(pool(64));
    CHECK(engine.submit(request(1, tokens_of(1, 1000)), 5) == SubmitError::none);
    size_t steps = 0;
    while (!engine.scheduler.idle()) steps += engine.step();
    CHECK_EQ(steps, 2u + 4u);
    const RequestUsage & usage = engine.finished[1].usage;
    CHECK_EQ(usage.prompt_tokens, 1000);
    CHECK_EQ(usage.cached_tokens, 0);
    CHECK_EQ(usage.computed_tokens, 1004);
    CHECK_EQ(usage.output_tokens, 5);
    CHECK_EQ(engine.scheduler.check_integrity(), "");
}
