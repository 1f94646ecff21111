// How long a decision takes: schedule() and commit() at 256 running and 1,000 waiting requests, and with 10,000
// programs that wait for tools beside them. No model: rows cost nothing, the virtual clock advances by what the cost
// model says.
//
//   cmake --build <build> --target schedule-bench && <build>/schedule-bench
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

#include "core/scheduler/scheduler.h"

using namespace banyan;

namespace {

struct Case {
    const char * name;
    int32_t n_programs;  // agents in a closed loop: call, tool, call ...
    int32_t max_running;
    Micros tool;  // mean time of a tool
    int32_t n_pages;
    int32_t n_steps;
};

/** Of this thread's processor time: what else runs on the machine does not count. */
double micros() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

void report(const char * name, const char * what, std::vector<double> & times) {
    std::sort(times.begin(), times.end());
    std::printf("%-28s %-9s median %8.1f us   p99 %8.1f us   max %8.1f us\n", name, what, times[times.size() / 2],
                times[times.size() * 99 / 100], times.back());
}

class Fleet {
  public:
    explicit Fleet(const Case & c) : case_(c), scheduler_(config(c)), agents_(c.n_programs) {
        for (int32_t i = 0; i < c.n_programs; ++i) {
            for (int32_t t = 0; t < 256; ++t) agents_[i].push_back(t < 192 ? t : i * 64 + t);  // role, then its own
            returns_.push_back({static_cast<Micros>(rng_() % (2 * c.tool + 1)), i});
        }
        std::make_heap(returns_.begin(), returns_.end(), std::greater<>());
    }

    void run() {
        std::vector<double> schedules, commits;
        int64_t waiting = 0, running = 0;
        for (int32_t step = 0; step < case_.n_steps; ++step) {
            submit_returned();
            double begin = micros();
            const Batch & batch = scheduler_.schedule(now_);
            const double took = micros() - begin;
            const SchedulerStats stats = scheduler_.stats();
            StepResult result;
            for (const BatchRow & row : batch.rows) {
                if (!row.sample) continue;
                agents_[agent_of_[row.request]].push_back(static_cast<Token>(rng_() % 30'000));
                result.rows.push_back({row.request, agents_[agent_of_[row.request]].back(), true, rng_() % 32 == 0});
            }
            now_ += 20'000;
            begin = micros();
            scheduler_.commit(result, now_);
            const double committed = micros() - begin;
            for (const RowResult & row : result.rows) {
                if (row.finished) wait_for_tool(row.request);
            }
            if (step < case_.n_steps / 4) continue;  // until the load is what it will be
            schedules.push_back(took);
            commits.push_back(committed);
            waiting += stats.waiting;
            running += stats.running;
        }
        const auto n = static_cast<long long>(schedules.size());
        std::printf("%s: %lld running, %lld waiting, %d programs on average\n", case_.name, running / n, waiting / n,
                    scheduler_.stats().programs);
        report(case_.name, "schedule", schedules);
        report(case_.name, "commit", commits);
    }

  private:
    static SchedulerConfig config(const Case & c) {
        SchedulerConfig config;
        config.n_pages = c.n_pages;
        config.max_running = c.max_running;
        config.max_batch_tokens = 2048;
        config.policy.cost = {5'000'000'000, 20'000'000, 1'000, 40'000, 20'000'000};
        return config;
    }

    void submit_returned() {
        while (!returns_.empty() && returns_.front().first <= now_) {
            std::pop_heap(returns_.begin(), returns_.end(), std::greater<>());
            const int32_t agent = returns_.back().second;
            returns_.pop_back();
            for (int i = 0; i < 24; ++i) agents_[agent].push_back(static_cast<Token>(rng_() % 30'000));
            if (agents_[agent].size() > 4000) agents_[agent].resize(256);
            Request request;
            request.id = next_id_++;
            request.prompt = agents_[agent];
            request.program = static_cast<ProgramId>(agent) + 1;
            request.max_output = 256;
            request.cls = static_cast<Class>(agent % 3);
            request.tenant = agent % 5;
            agent_of_.push_back(agent);
            scheduler_.submit(std::move(request), now_);
        }
    }

    void wait_for_tool(RequestId id) {
        const Micros back = now_ + static_cast<Micros>(rng_() % (2 * case_.tool + 1));
        returns_.push_back({back, agent_of_[id]});
        std::push_heap(returns_.begin(), returns_.end(), std::greater<>());
    }

    Case case_;
    Scheduler scheduler_;
    std::mt19937_64 rng_{1};
    std::vector<std::vector<Token>> agents_;           // what each has in its context
    std::vector<int32_t> agent_of_ = {0};              // by request id
    std::vector<std::pair<Micros, int32_t>> returns_;  // (when, agent): a heap, earliest first
    RequestId next_id_ = 1;
    Micros now_ = 1;
};

}  // namespace

int main() {
    const Case cases[] = {
        {"256 running, 1,000 waiting", 1256, 256, 1'000, 60'000, 2000},
        {"the same, pages short", 1256, 256, 1'000, 6'000, 2000},
        {"10,000 programs", 10'000, 256, 30'000'000, 300'000, 4000},
        {"10,000 programs, pages short", 10'000, 256, 5'000'000, 60'000, 4000},
    };
    for (const Case & c : cases) Fleet(c).run();
}
