#include "core/programs/tool-times.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr Micros kLongest = 30ll * 24 * 3600 * 1'000'000;

}  // namespace

void ToolTimes::add(Micros took) {
    took = std::clamp<Micros>(took, 0, kLongest);
    if (n() < capacity_) {
        ring_.push_back(took);
    } else {
        sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), ring_[next_]));
        ring_[next_] = took;
        next_ = (next_ + 1) % ring_.size();
    }
    sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), took), took);
}

int32_t ToolTimes::back_by(Micros t) const {
    return static_cast<int32_t>(std::upper_bound(sorted_.begin(), sorted_.end(), t) - sorted_.begin());
}

int32_t ToolTimes::returns_within(Micros elapsed, Micros span) const {
    const int32_t back_already = back_by(elapsed), still_out = n() - back_already;
    return still_out == 0 ? 0 : (back_by(elapsed + span) - back_already) * 1000 / still_out;
}

ToolTimes & ToolTable::of(const std::string & tool) {
    const auto found = tools_.find(tool);
    if (found != tools_.end()) return found->second;
    const std::string & name = tools_.size() < kMaxTools ? tool : std::string();
    return tools_.emplace(name, ToolTimes(capacity_)).first->second;
}

}  // namespace banyan
