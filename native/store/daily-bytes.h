// Bytes written within the last 24 hours, by the hour: what keeps a drive from being worn out.
//
// Owns: 25 counts. Thread: the owner's mutex. Invariant: never more than what was added; hours that are over go whole.
#pragma once

#include <array>
#include <cstdint>

namespace banyan::store {

class DailyBytes {
  public:
    void add(int64_t wall_seconds, int64_t bytes) {
        Hour & hour = hours_[static_cast<size_t>(wall_seconds / 3600 % kHours)];
        if (hour.number != wall_seconds / 3600) hour = {wall_seconds / 3600, 0};
        hour.bytes += bytes;
    }

    int64_t sum(int64_t wall_seconds) const {
        int64_t bytes = 0;
        for (const Hour & hour : hours_) {
            if (hour.number > wall_seconds / 3600 - kHours) bytes += hour.bytes;
        }
        return bytes;
    }

  private:
    static constexpr int64_t kHours = 25;  // the present one has only begun
    struct Hour {
        int64_t number = -kHours, bytes = 0;
    };
    std::array<Hour, kHours> hours_;
};

}  // namespace banyan::store
