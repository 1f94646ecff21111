// What computing costs: the time of a step, of a prefill, of moving pages, from a few measured constants.
//
// Owns: the constants. Changed by: whoever fits them (cost-fit.h). Thread: the engine thread.
// Invariant: integers only, so that two runs with the same constants decide the same, bit by bit. All constants 0 means
// "not calibrated": every prediction is 0 and limits nothing. Predictions never decrease with more work.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace banyan {

using Picos = int64_t;  // 10^-12 s: a GPU attends to a token in about a thousand of them

/** What one step computes. */
struct StepShape {
    int64_t prefill = 0;  // prompt tokens
    int64_t pairs = 0;    // over the prefill rows: n * (k + n / 2), the (token, token before it) pairs to attend to
    int64_t decodes = 0;  // rows of one token
    int64_t context = 0;  // over the decode rows: tokens whose KV is read

    void add_prefill(int64_t n_new, int64_t n_past) {
        prefill += n_new;
        pairs += n_new * (n_past + n_new / 2);
    }
    void remove_prefill(int64_t n_new, int64_t n_past) {
        prefill -= n_new;
        pairs -= n_new * (n_past + n_new / 2);
    }
    void add_decode(int64_t n_past) {
        ++decodes;
        context += n_past;
    }
};

struct CostConstants {
    Picos step = 0;               // c0: any step at all (weights are read once)
    Picos prefill = 0;            // c1 = a: a prompt token
    Picos pair = 0;               // b: a prompt token and one token before it
    Picos context = 0;            // c2: a token of a decoding row's context
    Picos decode = 0;             // c3: a decoding row
    Micros transfer = 0;          // l: any copy between device and host
    int64_t bytes_per_milli = 0;  // BW of such copies; 0: pages cannot leave the device
    int64_t bytes_per_token = 0;  // KV of one token

    bool calibrated() const { return step > 0 || prefill > 0 || decode > 0; }
};

class CostModel {
  public:
    CostModel() = default;
    explicit CostModel(const CostConstants & constants) : constants_(constants) {}

    const CostConstants & constants() const { return constants_; }
    void set(const CostConstants & constants) { constants_ = constants; }
    bool calibrated() const { return constants_.calibrated(); }

    /** Tstep. One term more than the design: a chunk late in a long prompt attends to all of the prompt before it. */
    Micros step(const StepShape & shape) const;
    /** Tpre(n, k): n_new tokens after n_past that are there, without the constant part of its steps. */
    Micros prefill(int64_t n_new, int64_t n_past) const;
    /** Th2d = Td2h: moving the KV of n tokens between device and host. kNever without such a place. */
    Micros transfer(int64_t n_tokens) const;
    /** Cheapest way to have n_tokens after n_past again: computed, or loaded if there is a copy elsewhere. */
    Micros restore(int64_t n_tokens, int64_t n_past, bool has_copy) const;

  private:
    CostConstants constants_;
};

}  // namespace banyan
