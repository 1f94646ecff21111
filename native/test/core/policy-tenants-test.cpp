// What one tenant gets beside others: turns of tokens by weight, a share of slots and pages.
#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "scheduler-cases.h"

using namespace banyan;
using namespace banyan::test;

namespace {

Request of_tenant(RequestId id, int32_t n_prompt, TenantId tenant) {
    Request r = request(id, n_prompt, Class::workflow);
    r.tenant = tenant;
    return r;
}

}  // namespace

TEST("tenants that are both backlogged get about the same service (invariant 20)") {
    std::mt19937_64 rng(5);
    for (int round = 0; round < 12; ++round) {
        SchedulerConfig config = pool(512, 32, 1 + static_cast<int32_t>(rng() % 4));
        config.policy.quantum = 200;
        FakeEngine engine(config);
        std::map<TenantId, int64_t> served;
        std::map<RequestId, TenantId> tenant_of;
        RequestId id = 1;
        const int32_t big = 20 + static_cast<int32_t>(rng() % 200), small = 20;
        std::map<TenantId, int> waiting;
        int64_t worst = 0;
        for (int step = 0; step < 1500; ++step) {
            for (TenantId tenant : {1, 2}) {
                while (waiting[tenant] < 6) {
                    tenant_of[id] = tenant;
                    ++waiting[tenant];
                    engine.submit(of_tenant(id++, tenant == 1 ? big : small, tenant), 5 + rng() % 10);
                }
            }
            const Batch & batch = engine.scheduler.schedule(engine.now);
            for (const BatchRow & row : batch.rows) served[tenant_of[row.request]] += row.n_tokens;
            const size_t before = engine.finished.size();
            engine.commit(batch);
            if (engine.finished.size() != before) {
                for (TenantId tenant : {1, 2}) waiting[tenant] = 0;
                for (const auto & [live, truth] : engine.truths) ++waiting[tenant_of[live]];
            }
            worst = std::max(worst, std::abs(served[1] - served[2]));
        }
        CHECK(worst <= 3 * config.policy.quantum + config.max_running * (big + 20));
        CHECK(served[1] > 2000 && served[2] > 2000);
    }
}

TEST("tenants that are backlogged are served as their weights are, whatever they ask (invariant 20)") {
    std::mt19937_64 rng(11);
    for (int round = 0; round < 40; ++round) {
        SchedulerConfig config = pool(512, 32, 1 + static_cast<int32_t>(rng() % 4));
        config.policy.quantum = 100;
        FakeEngine engine(config);
        struct Asks {
            int32_t weight, prompt, waiting = 0;
            int64_t served = 0;
        };
        std::map<TenantId, Asks> tenants;
        const TenantId n = 2 + rng() % 4;
        int32_t largest = 0;
        for (TenantId tenant = 1; tenant <= n; ++tenant) {
            const int32_t weight = 1 + static_cast<int32_t>(rng() % 10),
                          prompt = 20 + static_cast<int32_t>(rng() % 200);
            tenants[tenant] = {weight, prompt};
            largest = std::max(largest, prompt);
        }
        std::map<RequestId, TenantId> tenant_of;
        RequestId id = 1;
        double worst = 0;
        for (int step = 0; step < 1500; ++step) {
            for (auto & [tenant, asks] : tenants) {
                for (; asks.waiting < 6; ++asks.waiting) {
                    tenant_of[id] = tenant;
                    Request r = of_tenant(id++, asks.prompt, tenant);
                    r.tenant_weight = asks.weight;
                    engine.submit(std::move(r), 5 + rng() % 10);
                }
            }
            const Batch & batch = engine.scheduler.schedule(engine.now);
            for (const BatchRow & row : batch.rows) tenants[tenant_of[row.request]].served += row.n_tokens;
            const size_t before = engine.finished.size();
            engine.commit(batch);
            if (engine.finished.size() != before) {
                for (auto & [tenant, asks] : tenants) asks.waiting = 0;
                for (const auto & [live, truth] : engine.truths) ++tenants[tenant_of[live]].waiting;
            }
            for (const auto & [a, one] : tenants) {
                for (const auto & [b, other] : tenants) {
                    worst = std::max(worst, static_cast<double>(one.served) / one.weight -
                                                static_cast<double>(other.served) / other.weight);
                }
            }
        }
        CHECK(worst <= static_cast<double>(3 * config.policy.quantum + config.max_running * (largest + 20)));
        for (const auto & [tenant, asks] : tenants) CHECK(asks.served > 0);
    }
}

TEST(
    "a tenant has its share of slots and pages within two steps, whatever another has running and waiting (invariant "
    "20)") {
    for (const auto & [n_pages, overdue, cls] : std::vector<std::tuple<int32_t, Micros, Class>>{
             {1024, kNever, Class::interactive},
             {1024, 1000, Class::interactive},  // the other's 10,000 have waited for long
             {40, kNever, Class::interactive},  // the other has all pages
             {1024, kNever, Class::workflow},   // the other's programs fill the window
         }) {
        SchedulerConfig config = pool(n_pages, 32, 8);
        config.policy.overdue = overdue;
        config.policy.window_start = 8;
        FakeEngine engine(config);
        RequestId id = 1;
        const auto submit = [&](TenantId tenant, int32_t n_output) {
            Request r = of_tenant(id, 60, tenant);
            r.cls = cls;
            engine.submit(std::move(r), n_output);
            return id++;
        };
        while (id <= 10'000) submit(1, 60);
        int asked = 0;
        for (; asked < 20; ++asked) {
            for (int step = 0; step < 30; ++step) engine.step();
            CHECK(step_until_runs(engine, submit(2, 4), 2));
            CHECK_EQ(engine.scheduler.check_integrity(), "");
        }
        // Two tenants that want all have half each, and neither takes slots from the other again.
        for (int n = 0; n < 100; ++n) submit(2, 1000);
        for (int step = 0; step < 4; ++step) engine.step();
        const uint64_t before = engine.scheduler.stats().preemptions;
        const Batch & batch = engine.scheduler.schedule(engine.now);
        int of_second = 0;
        for (const BatchRow & row : batch.rows) of_second += row.request > 10'000;
        engine.commit(batch);
        if (n_pages > 100) {
            CHECK_EQ(of_second, 4);
            CHECK_EQ(engine.scheduler.stats().preemptions, before);
            CHECK(before <= static_cast<uint64_t>(asked + 4));
        }
    }
}
