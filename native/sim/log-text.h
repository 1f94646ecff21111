// The decision log as text, a line a record: "<micros> <kind> <request> <program> <a> <b>", where a and b are the first
// two of the kind's fields (core/policy/decision.h).
//
// Owns: the text. Changed by: the scheduler (record), the simulation (row, step). Thread: one.
// Invariant: same records, same bytes.
#pragma once

#include <string>

#include "core/policy/decision-log.h"
#include "core/steps/batch.h"

namespace banyan::sim {

enum class LogLevel : uint8_t {
    none,
    decisions,
    rows  // and every row of every step: "row <request> <program> <tokens> <past>", "step 0 0 <tokens> <micros>"
};

class LogText : public DecisionSink {
  public:
    explicit LogText(LogLevel level) : level_(level) {}

    void record(const Decision & decision) override;
    void row(Micros now, const BatchRow & row, ProgramId program);
    void step(Micros now, const Batch & batch, Micros took);
    LogLevel level() const { return level_; }
    std::string take() { return std::move(text_); }

  private:
    void line(Micros at, const char * kind, RequestId request, ProgramId program, int64_t a, int64_t b);

    LogLevel level_;
    std::string text_;
};

}  // namespace banyan::sim
