#include "runner/sampling/stop-matcher.h"

#include <algorithm>
#include <utility>

namespace banyan {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
    stops_.erase(std::remove(stops_.begin(), stops_.end(), std::string()), stops_.end());
    for (const std::string & stop : stops_) longest_ = std::max(longest_, stop.size());
}

std::string StopMatcher::push(const std::string & text) {
    if (stopped_) return "";
    if (stops_.empty()) return text;
    held_ += text;
    // The one that is complete first wins, and of those the longest: so the cut into pieces makes no difference.
    size_t start = std::string::npos, end = std::string::npos;
    for (const std::string & stop : stops_) {
        const size_t at = held_.find(stop);
        if (at == std::string::npos) continue;
        if (at + stop.size() < end || (at + stop.size() == end && at < start)) {
            start = at;
            end = at + stop.size();
        }
    }
    if (start != std::string::npos) {
        stopped_ = true;
        hit_ = held_.substr(start, end - start);
        std::string out = held_.substr(0, start);
        held_.clear();
        return out;
    }
    // Keep the longest end that starts a stop string.
    size_t keep = 0;
    for (size_t n = std::min(held_.size(), longest_ - 1); n > 0 && keep == 0; --n) {
        const bool starts = std::any_of(stops_.begin(), stops_.end(), [&](const std::string & stop) {
            return n < stop.size() && held_.compare(held_.size() - n, n, stop, 0, n) == 0;
        });
        if (starts) keep = n;
    }
    std::string out = held_.substr(0, held_.size() - keep);
    held_.erase(0, held_.size() - keep);
    return out;
}

std::string StopMatcher::flush() {
    return std::exchange(held_, "");
}

}  // namespace banyan
