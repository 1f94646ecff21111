// What computing costs: the time of a step and of a prefill, from a few measured constants.
//
// Owns: the constants. Changed by: set(), after a measurement or a fit (cost-fit.h). Thread: the engine thread.
// Invariant: integers only, so that two runs with the same constants decide the same, bit by bit. All constants 0 means
// "not calibrated": every prediction is 0 and limits nothing. Predictions never decrease with more work.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/option.h"
#include "core/record.h"

namespace banyan {

using Picos = int64_t;  // 10^-12 s: a GPU attends to a token in about a thousand of them

/** What one step computes. */
struct StepShape {
    int64_t prefill = 0;  // prompt tokens
    int64_t pairs = 0;    // (token, token before it) pairs to attend to: n * (k + n / 2) for a row of n after k
    int64_t decodes = 0;  // rows of one token
    int64_t context = 0;  // over the decode rows: tokens whose KV is read
    int64_t chunks = 0;   // rows of prompts
    int64_t copies = 0;   // of states of recurrent layers, to and from slots

    void add_prefill(int64_t n_new, int64_t n_past) {
        prefill += n_new;
        pairs += n_new * (n_past + n_new / 2);
        chunks += n_new > 0;
    }
    void remove_prefill(int64_t n_new, int64_t n_past) {
        prefill -= n_new;
        pairs -= n_new * (n_past + n_new / 2);
        chunks -= n_new > 0;
    }
    void add_decode(int64_t n_past) {
        ++decodes;
        context += n_past;
    }
};

struct CostConstants {
    Picos step = 0;     // any graph at all (the weights are read once); most steps are one
    Picos prefill = 0;  // a prompt token
    Picos pair = 0;     // a prompt token and one token before it, to which it attends
    Picos context = 0;  // a token of a decoding row's context
    Picos decode = 0;   // a decoding row
    Picos state = 0;    // a copy of a state

    bool calibrated() const { return step > 0 || prefill > 0 || decode > 0; }

    template <typename See>
    void each_option(See && see) {
        see("step", step, Range{0, 1e15});  // a quarter of an hour
        see("prefill", prefill, Range{0, 1e12});
        see("pair", pair, Range{0, 1e6});
        see("context", context, Range{0, 1e9});
        see("decode", decode, Range{0, 1e12});
        see("state", state, Range{0, 1e15});
    }

    template <typename See>
    void each_field(See && see) const {
        see("step", step);
        see("prefill", prefill);
        see("pair", pair);
        see("context", context);
        see("decode", decode);
        see("state", state);
    }
};

class CostModel {
  public:
    CostModel() = default;
    explicit CostModel(const CostConstants & constants) : constants_(constants) {}

    const CostConstants & constants() const { return constants_; }
    void set(const CostConstants & constants) { constants_ = constants; }
    bool calibrated() const { return constants_.calibrated(); }

    /**
     * With recurrent layers rows of different lengths are computed one after another: the decodes are a graph, and each
     * chunk of a prompt is one more.
     */
    void split_rows(bool split) { splits_ = split; }
    int64_t graphs(const StepShape & shape) const {
        return splits_ ? std::max<int64_t>(1, shape.chunks + (shape.decodes > 0)) : 1;
    }

    /** Time of a step. A chunk late in a long prompt costs more than an early one: it attends to all before it. */
    Micros step(const StepShape & shape) const;
    /** Time to compute n_new prompt tokens after n_past that are there, without the constant part of the steps. */
    Micros prefill(int64_t n_new, int64_t n_past) const;

  private:
    CostConstants constants_;
    bool splits_ = false;
};

}  // namespace banyan
