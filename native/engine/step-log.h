// What the latest steps were: when, how long, of what.
//
// Owns: a ring of the last kWindow steps. Changed by: add. Thread: the engine thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/record.h"
#include "core/steps/batch.h"

namespace banyan {

struct StepRow {
    uint64_t number = 0;  // from 1
    Micros at = 0;        // when it began, on the clock of decisions
    Micros took = 0;
    int32_t prompt_tokens = 0, decode_rows = 0;
    int32_t requests = 0;  // rows; what is computed ahead is none

    template <typename See>
    void each_field(See && see) const {
        see("number", number);
        see("atMs", Millis{at});
        see("tookMs", Millis{took});
        see("promptTokens", prompt_tokens);
        see("decodeRows", decode_rows);
        see("requests", requests);
    }
};

class StepLog {
  public:
    static constexpr size_t kWindow = 512;

    void add(const Batch & batch, Micros at, Micros took) {
        StepRow & row = ring_[n_++ % kWindow];
        row = {n_, at, took};
        for (const BatchRow & each : batch.rows) {
            const bool decodes = each.sample && each.n_tokens - each.n_drafts == 1;
            ++(decodes ? row.decode_rows : row.requests);
            if (!decodes) row.prompt_tokens += each.n_tokens;
        }
        row.requests += row.decode_rows;
    }

    /** Those after step `number`, the oldest first. */
    std::vector<StepRow> since(uint64_t number) const {
        std::vector<StepRow> out;
        const uint64_t oldest = n_ > kWindow ? n_ - kWindow : 0;
        for (uint64_t i = std::max(number, oldest); i < n_; ++i) out.push_back(ring_[i % kWindow]);
        return out;
    }

  private:
    std::array<StepRow, kWindow> ring_{};
    uint64_t n_ = 0;
};

}  // namespace banyan
