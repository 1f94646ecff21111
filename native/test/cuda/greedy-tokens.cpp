// Greedy tokens of whole engines, on the device against the CPU: cold, over cached prefixes, forked, with too few
// pages. Two kernels round differently: at the first difference the other token must have been as good, by the CPU's
// log-probabilities; what follows it differs with reason and is not compared.
//   greedy-tokens <model.gguf> ... [--cpu]     --cpu: the device's way of stepping, on the CPU, to try the program
//   itself
#include <cmath>
#include <filesystem>

#include "cuda/token-rounds.h"
#include "cuda/verdict.h"
#include "runner/error.h"

using namespace banyan;
using namespace banyan::test;
using banyan::test::Outcome;
using banyan::test::TestEngine;

namespace {

/** Nats. Products of 8-bit blocks on both sides, sums in another order; to be tightened by the first device's numbers.
 */
constexpr double kTie = 0.1;
/** The same for log-probabilities of a mixture of experts: where two experts tie, rounding chooses which one answers.
 */
constexpr double kExpertTie = 0.5;

bool has_experts(const Model & model) {
    return model.info().architecture.find("moe") != std::string::npos;  // so all of this program's models are named
}

/** How far two engines agreed over the requests of some rounds. */
struct Agreement {
    int requests = 0, same = 0;
    double worst_tie = 0.0;      // how much better the CPU's own token was where they parted
    double worst_logprob = 0.0;  // of a token that both chose
    double worst_with_experts = 0.0;
    std::string wrong;  // '' or the first that did not end as it must
};

/** How much less likely `token` was than the one that was chosen, by the chosen one's log-probabilities. */
double lost(const TokenLogprob & chosen, Token token) {
    for (const TokenLogprob & rival : chosen.top) {
        if (rival.token == token) return chosen.logprob - rival.logprob;
    }
    return INFINITY;
}

/** Both with log-probabilities where `got` has them; `expected` always. */
void compare(const Outcome & got, const Outcome & expected, Agreement & all, const std::string & name) {
    ++all.requests;
    const size_t n = expected.tokens.size();
    if (!got.error.empty() || !expected.error.empty() || got.tokens.size() != n || expected.logprobs.size() != n) {
        if (all.wrong.empty()) all.wrong = name + ": " + (got.error.empty() ? "tokens are missing" : got.error);
        return;
    }
    for (size_t i = 0; i < n; ++i) {
        if (got.tokens[i] != expected.tokens[i]) {
            all.worst_tie = std::max(all.worst_tie, lost(expected.logprobs[i], got.tokens[i]));
            return;
        }
        if (i < got.logprobs.size()) {
            const double difference = std::fabs(got.logprobs[i].logprob - expected.logprobs[i].logprob);
            all.worst_logprob = std::max(all.worst_logprob, std::isnan(difference) ? INFINITY : difference);
        }
    }
    ++all.same;
}

/** The CPU's engine, which gives log-probabilities with each answer, and the one to be judged. */
class Pair {
  public:
    Pair(EngineOptions options, bool cpu) : reference_(on_cpu(options)), subject_(to_be_judged(options, cpu)) {}

    const Model & model() const { return *reference_.engine->model(); }
    const RunnerInfo & subject() const { return subject_.engine->info().runner; }

    /** Returns the CPU's answers. */
    std::vector<Outcome> play(const Round & round, Agreement & all) {
        Round with_logprobs = round;
        for (RequestOptions & options : with_logprobs.requests) options.sampling.logprobs = 20;
        RoundEffects unused;
        const std::vector<Outcome> expected = run(reference_, with_logprobs, unused);
        const std::vector<Outcome> got = run(subject_, round, effects);
        for (size_t i = 0; i < got.size(); ++i) compare(got[i], expected[i], all, round.name);
        const std::string broken = subject_.integrity();
        if (all.wrong.empty() && !broken.empty()) all.wrong = round.name + ": " + broken;
        return expected;
    }

    RoundEffects effects;  // of the engine that is judged

  private:
    static EngineOptions on_cpu(EngineOptions options) {
        options.gpu_layers = 0;
        return options;
    }
    static EngineOptions to_be_judged(EngineOptions options, bool cpu) {
        options.gpu_layers = cpu ? 0 : 999;
        if (cpu) options.runner.fixed_shapes = options.runner.device_sampling = Choice::on;
        return options;
    }
    TestEngine reference_, subject_;
};

void judge(const std::string & path, bool cpu, Agreement & total) {
    const std::string name = std::filesystem::path(path).stem().string();
    Agreement all;
    RoundEffects effects;
    std::string kernel;
    {
        Pair pair(roomy(path), cpu);
        kernel = pair.subject().kernel + " on " + pair.subject().backend;
        const std::vector<Round> first = first_rounds(pair.model());
        const std::vector<Outcome> answers = pair.play(first[0], all);
        pair.play(first[1], all);
        for (const Round & round : later_rounds(pair.model(), first[0], answers)) pair.play(round, all);
        effects.cached_tokens = pair.effects.cached_tokens;
        const bool reused = effects.cached_tokens > 0 || !pair.subject().prefix_reuse;
        if (all.wrong.empty() && !reused) all.wrong = "no prefix was read from the cache";
        if (all.wrong.empty() && !cpu && pair.subject().backend == "CPU") all.wrong = "no layer is on the device";
    }
    Pair pair(crowded(path), cpu);
    pair.play(crowd(pair.model()), all);
    effects.preemptions = pair.effects.preemptions;
    if (all.wrong.empty() && effects.preemptions == 0) all.wrong = "no request was preempted";
    std::printf("| %s | %s | %d of %d | %.4f | %.4f | %d | %d | %s |\n", name.c_str(), kernel.c_str(), all.same,
                all.requests, all.worst_tie, all.worst_logprob, effects.cached_tokens, effects.preemptions,
                all.wrong.c_str());
    total.requests += all.requests;
    total.same += all.same;
    total.worst_tie = std::max(total.worst_tie, all.worst_tie);
    double & worst = has_experts(pair.model()) ? total.worst_with_experts : total.worst_logprob;
    worst = std::max(worst, all.worst_logprob);
    if (total.wrong.empty() && !all.wrong.empty()) total.wrong = name + ": " + all.wrong;
}

/** Whether everything holds. */
bool verdicts(const Agreement & total) {
    const double same = static_cast<double>(total.same) / std::max(1, total.requests);
    const bool tied = verdict(2, "greedy tokens, worst tie in nats", total.worst_tie, Bound::at_most, kTie);
    const bool close =
        verdict(2, "greedy tokens, worst difference of a log-probability", total.worst_logprob, Bound::at_most, kTie);
    const bool experts = verdict(2, "greedy tokens, the same of mixtures of experts", total.worst_with_experts,
                                 Bound::at_most, kExpertTie);
    const bool most = verdict(2, "greedy tokens, requests the same to the end", same, Bound::at_least, 0.5);
    const bool whole = verdict(2, "greedy tokens, models where something else was wrong", total.wrong.empty() ? 0 : 1,
                               Bound::at_most, 0);
    return tied && close && experts && most && whole;
}

}  // namespace

int main(int argc, char ** argv) {
    std::vector<std::string> models;
    bool cpu = false;
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) == "--cpu")
            cpu = true;
        else
            models.push_back(argv[i]);
    }
    if (models.empty()) {
        std::fprintf(stderr, "usage: greedy-tokens <model.gguf> ... [--cpu]\n");
        return 1;
    }
    std::printf("\n## Greedy tokens, %s against the CPU\n\n", cpu ? "padded steps on the CPU" : "device");
    std::printf("| model | kernel | same to the end | worst tie | log-probability | cached | preemptions | wrong |\n");
    std::printf("|---|---|---|---|---|---|---|---|\n");
    Agreement total;
    for (const std::string & model : models) {
        try {
            judge(model, cpu, total);
        } catch (const std::exception & e) {
            std::printf("| %s | - | - | - | - | - | - | %s |\n", model.c_str(), e.what());
            total.wrong = e.what();
        }
        std::fflush(stdout);
    }
    return verdicts(total) && failures() == 0 ? 0 : 2;
}
