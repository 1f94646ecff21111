// Is a request that is refused taken when it was told to come back? On the virtual clock the same request is asked
// again every 2 ms, by probes that leave at once.
#include <algorithm>
#include <sstream>

#include "sim/simulation.h"

#include "check.h"

namespace banyan::sim {

namespace {

constexpr Micros kProbes = 2'000;
constexpr int32_t kPrompt = 200, kOutput = 50;
constexpr Micros kEach = 11'600;    // of the machine, for one such call among others
constexpr Micros kLeast = 20'000;   // shorter waits than a few steps tell of the steps alone
constexpr Micros kPause = 300'000;  // between two queues, at least

/** So that a few calls are done within the limit, however many run at once. */
Micros limit_of(int32_t n_slots) {
    return n_slots * kEach * 8 / 5;
}

SimConfig machine(int32_t n_slots) {
    SimConfig config;
    config.scheduler.n_pages = 8000;
    config.scheduler.page_tokens = 16;
    config.scheduler.max_running = n_slots;
    config.scheduler.max_batch_tokens = 128;
    config.scheduler.policy.cost = {1'000'000'000, 20'000'000, 100, 10'000, 21'000'000, 0};
    config.device = {1'000'000, 0, 20'000, 100, 10'000, 1'000};
    config.log = LogLevel::decisions;
    return config;
}

/** Calls of a server, in the order of their times. */
class Calls {
  public:
    /** limit: for the first token; 0: none. */
    void ask(Micros at, int32_t n_output, Micros limit = 0) { add(at, n_output, limit, 0); }
    /** Would one be taken now? It leaves at once. */
    void probe(Micros at, Micros limit) {
        probes_.push_back(static_cast<RequestId>(workload_.calls.size()) + 1);
        add(at, kOutput, limit, at);
    }

    /** Of each probe that was refused: when, and what it was told to wait over what one of them then had to. */
    struct Told {
        Micros at;
        double ratio;
    };
    std::vector<Told> told(const SimConfig & config) const {
        struct Refused {
            Micros at, wait;
        };
        std::vector<Refused> refused;
        std::vector<Micros> taken;
        std::istringstream lines(run(config).log);
        Micros at = 0;
        std::string kind;
        RequestId request = 0;
        ProgramId program = 0;
        int64_t predicted = 0, wait = 0;
        while (lines >> at >> kind >> request >> program >> predicted >> wait) {
            if (!std::binary_search(probes_.begin(), probes_.end(), request)) continue;
            if (kind == "arrive") taken.push_back(at);
            if (kind == "refuse" && (refused.empty() || refused.back().at < at)) refused.push_back({at, wait});
        }
        std::vector<Told> all;
        for (const auto [when, told_to_wait] : refused) {
            const auto then = std::upper_bound(taken.begin(), taken.end(), when);
            if (then == taken.end() || *then - when < kLeast) continue;
            all.push_back({when, static_cast<double>(told_to_wait) / static_cast<double>(*then - when)});
        }
        return all;
    }

  private:
    SimResult run(const SimConfig & config) const {
        CHECK(!check(workload_));
        const std::atomic<bool> aborted{false};
        return Simulation(workload_, config).run(aborted);
    }
    void add(Micros at, int32_t n_output, Micros limit, Micros leaves) {
        Program program;
        program.cls = Class::interactive;
        program.arrival = at;
        program.ttft_limit = limit;
        program.abort = leaves;
        Call call;
        call.program = static_cast<int32_t>(workload_.programs.size());
        call.append = {{static_cast<int64_t>(workload_.calls.size()) + 1, kPrompt}};
        call.output = n_output;
        workload_.programs.push_back(program);
        workload_.calls.push_back(call);
    }

    Workload workload_;
    std::vector<RequestId> probes_;  // ascending
};

enum class Before { alone, paced, crowded };

/** Queues of all lengths, each of which has ended when the next one comes; before: what the machine had done until
 * then. */
Calls queues(int32_t n_slots, Before before, bool equal) {
    const Micros limit = limit_of(n_slots);
    Calls calls;
    Micros at = 1;
    int32_t n = 0;
    const auto output = [&] { return equal ? kOutput : 17 + n++ * 37 % 67; };
    for (int32_t i = 0; i < 200; ++i) {
        at += before == Before::alone ? 20 * kEach : before == Before::paced ? kEach * 11 / 10 : kEach / 2;
        calls.ask(at, output(), before == Before::crowded ? 6 * limit : 0);
    }
    at += 200 * kEach;
    for (const int32_t rounds : {3, 4, 5, 6, 8, 10, 12}) {
        const int32_t length = rounds * n_slots;
        for (int32_t i = 0; i < length; ++i) calls.ask(at + i * 500, output());
        const Micros asked = at + length * 500, ended = asked + length * kEach * 3 / 2;
        for (Micros t = asked + kProbes; t < ended; t += kProbes) calls.probe(t, limit);
        at = ended + kPause + 1'000'000;
    }
    return calls;
}

bool is_near(double ratio) {
    return ratio >= 0.7 && ratio <= 1.3;
}

void check_near(std::vector<Calls::Told> told) {
    CHECK(told.size() > 500);
    // The first one behind a queue has only the queues before to learn from, and the first queue none.
    int32_t n_queues = 0;
    for (size_t i = 0; i < told.size(); ++i) {
        const bool is_first = i == 0 || told[i].at - told[i - 1].at > kPause;
        if (is_first && ++n_queues > 1) CHECK(is_near(told[i].ratio));
    }
    CHECK(n_queues >= 6);
    std::sort(told.begin(), told.end(), [](const auto & a, const auto & b) { return a.ratio < b.ratio; });
    const auto n_near = std::count_if(told.begin(), told.end(), [](const auto & one) { return is_near(one.ratio); });
    CHECK(static_cast<size_t>(n_near) * 20 >= told.size() * 17);
    const double middle = told[told.size() / 2].ratio;
    CHECK(middle >= 0.9 && middle <= 1.1);
}

void check_queues(bool equal) {
    for (const int32_t n_slots : {4, 8, 16}) {
        for (const Before before : {Before::alone, Before::paced, Before::crowded}) {
            check_near(queues(n_slots, before, equal).told(machine(n_slots)));
        }
    }
}

}  // namespace

TEST("behind queues of equal calls a refused request is taken when it was told") {
    check_queues(true);
}

TEST("and behind calls of all lengths") {
    check_queues(false);
}

}  // namespace banyan::sim
