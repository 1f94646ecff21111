// Bytes written within the last 24 hours, by the hour: what keeps a drive from being worn out.
//
// Owns: 25 counts. Thread: the owner's. Invariant: never less than what was added within 24 hours; hours that are over
// go whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace banyan::store {

class DailyBytes {
  public:
    static constexpr int64_t kHours = 25;  // the present one has only begun
    struct Hour {
        int64_t number = -kHours, bytes = 0;
    };

    static int64_t hour_of(int64_t wall_seconds) { return wall_seconds / 3600; }

    void add(int64_t hour, int64_t bytes) {
        if (at(hour).number != hour) at(hour) = {hour, 0};
        at(hour).bytes += bytes;
    }

    /** Of what was added to that hour; nothing happens when it is over and gone. */
    void take_off(int64_t hour, int64_t bytes) {
        if (at(hour).number == hour) at(hour).bytes = std::max<int64_t>(0, at(hour).bytes - bytes);
    }

    int64_t sum(int64_t hour) const {
        int64_t bytes = 0;
        for (const Hour & one : hours_) {
            if (one.number > hour - kHours) bytes += one.bytes;
        }
        return bytes;
    }

    /** Hours to come, which a clock that was wrong has left, become this one: else they would count for as long. */
    void end_at(int64_t hour) {
        int64_t bytes = 0;
        for (Hour & one : hours_) {
            if (one.number <= hour) continue;
            bytes += one.bytes;
            one = {};
        }
        if (bytes > 0) add(hour, bytes);
    }

    std::array<Hour, kHours> & hours() { return hours_; }

  private:
    Hour & at(int64_t hour) { return hours_[static_cast<size_t>(hour % kHours)]; }

    std::array<Hour, kHours> hours_;
};

}  // namespace banyan::store
