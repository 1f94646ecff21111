#include "runner/scenario.h"

#include <random>

namespace banyan::test {

namespace {

class Script {
  public:
    Script(Sequences & sequences, int n_vocab) : sequences_(sequences), n_vocab_(n_vocab) {}

    /** Adds n random tokens of a sequence to the next batch; logits for the last `wanted` of them. */
    void add(int sequence, int n, int wanted = 1) {
        for (int i = 0; i < n; ++i) {
            const llama_token token = static_cast<llama_token>(rng_() % n_vocab_);
            batch_.push_back({token, sequence, i >= n - wanted});
        }
    }

    /** Runs the batch as a part of step `name`. */
    void run(const std::string & name) {
        if (steps.empty() || steps.back().name != name) steps.push_back({name, {}, true});
        steps.back().ran &= sequences_.decode(batch_, steps.back().logits);
        batch_.clear();
    }

    Sequences & sequences() { return sequences_; }
    std::vector<StepLogits> steps;

  private:
    Sequences & sequences_;
    int n_vocab_;
    std::mt19937 rng_{7};
    std::vector<TokenAt> batch_;
};

void prefill_and_decode(Script & s) {
    s.add(0, 150, 10);
    s.run("prefill");
    for (int i = 0; i < 8; ++i) {
        s.add(0, 1);
        s.run("decode");
    }
    for (const int chunk : {37, 1, 60, 25}) {
        s.add(1, chunk);
        s.run("chunked prefill");
    }
}

void mixed_batches(Script & s) {
    s.add(2, 50);
    s.add(0, 1);
    s.add(1, 5, 5);
    s.add(3, 20);
    s.run("mixed batch");
    for (int i = 0; i < 4; ++i) {
        for (const int sequence : {3, 0, 2, 1}) s.add(sequence, 1);
        s.run("batched decode");
    }
}

void evict_and_reenter(Script & s) {
    for (const int sequence : {0, 3}) s.sequences().drop(sequence);
    s.add(4, 90);
    s.add(1, 1);
    s.run("eviction");
    s.add(0, 120, 4);
    s.add(4, 1);
    s.run("re-entry");
}

void share_and_roll_back(Script & s) {
    Sequences & seq = s.sequences();
    const int aligned = 128;
    seq.fork(0, 4, aligned);
    for (int i = 0; i < 5; ++i) {
        s.add(0, 1);
        s.add(4, 1);
        s.run("fork");
    }
    seq.truncate(0, seq.length(0) - 3);
    seq.truncate(4, aligned + 2);
    s.add(0, 4, 4);
    s.add(4, 3, 3);
    s.run("rollback");
    seq.truncate(4, aligned - 3);
    s.add(4, 6, 6);
    s.add(0, 1);
    s.run("rollback into a shared page");
    seq.fork(0, 5, 101);
    s.add(5, 30, 5);
    s.add(4, 1);
    s.run("unaligned reuse");
    seq.drop(4);
    seq.drop(5);
}

}  // namespace

std::vector<StepLogits> run_scenario(Sequences & sequences, int n_vocab, bool reuse) {
    Script script(sequences, n_vocab);
    prefill_and_decode(script);
    if (reuse) share_and_roll_back(script);
    mixed_batches(script);
    evict_and_reenter(script);
    return script.steps;
}

}  // namespace banyan::test
