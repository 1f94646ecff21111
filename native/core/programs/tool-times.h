// How long the tools of agents take: the last durations of each, sorted.
//
// Owns: at most `capacity` durations a tool, at most kMaxTools tools (the rest is counted as one).
// Changed by: add(). Thread: the engine thread. Invariant: sorted; the oldest duration goes first.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/types.h"

namespace banyan {

class ToolTimes {
  public:
    explicit ToolTimes(int32_t capacity) : capacity_(capacity) {}

    void add(Micros took);
    int32_t n() const { return static_cast<int32_t>(sorted_.size()); }
    bool known() const { return n() >= kFewest; }
    const std::vector<Micros> & sorted() const { return sorted_; }
    /** Durations of at most t. */
    int32_t back_by(Micros t) const;
    /** P(back within `span` | not back after `elapsed`), in thousandths. Longer than ever seen: 0. */
    int32_t returns_within(Micros elapsed, Micros span) const;

    static constexpr int32_t kFewest = 8;  // durations below which nothing is concluded

  private:
    int32_t capacity_;
    std::vector<Micros> sorted_;
    std::vector<Micros> ring_;  // in order of arrival
    size_t next_ = 0;
};

class ToolTable {
  public:
    explicit ToolTable(int32_t capacity) : capacity_(capacity), humans_(capacity) {}
    /** The tool of this name; '' = whatever programs do without saying so. */
    ToolTimes & of(const std::string & tool);
    ToolTimes & humans() { return humans_; }

    static constexpr size_t kMaxTools = 1024;

  private:
    int32_t capacity_;
    ToolTimes humans_;
    std::map<std::string, ToolTimes> tools_;
};

}  // namespace banyan
