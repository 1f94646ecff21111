// What a server does to sequences, as one script: the same tokens and the same questions on every engine.
#pragma once

#include <string>
#include <vector>

#include "runner/sequences.h"

namespace banyan::test {

/** The logits that one step of the script asked for. */
struct StepLogits {
    std::string name;
    std::vector<float> logits;  // [rows][n_vocab]
    bool ran = true;
};

/** reuse: false for models with recurrent state, whose prefixes are not shared or rolled back. */
std::vector<StepLogits> run_scenario(Sequences & sequences, int n_vocab, bool reuse);

}  // namespace banyan::test
