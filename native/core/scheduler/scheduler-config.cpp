// Which configurations a scheduler can run with.
#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <utility>

#include "core/scheduler/scheduler.h"

namespace banyan {

namespace {

constexpr int32_t kMaxPages = 1 << 28;
constexpr int32_t kMaxTokens = 1 << 28;
constexpr int32_t kMaxRunning = 4096;
constexpr int32_t kMaxStates = 1 << 20;

template <typename T>
bool within(T value, T low, T high) {
    return low <= value && value <= high;
}

/** Finds the first option of the policy that is not in its range. */
struct OutOfRange {
    std::optional<ConfigError> wrong;

    template <typename Number>
    void operator()(const char * name, const Number & value, const Range & range) {
        const double number = static_cast<double>(value);
        if (!within(number, range.min, range.max)) found(name, range.reason());
    }
    template <typename Number, size_t n>
    void operator()(const char * name, const std::array<Number, n> & values, const Range & range) {
        for (const Number & value : values) (*this)(name, value, range);
    }
    void operator()(const char * name, const PerClass<Micros> & values, const Range & range) {
        for (const Micros value : values) (*this)(name, value, range);
    }
    template <typename Value>
    void operator()(const char * name, Value & value) {
        if constexpr (std::is_enum_v<Value>) {
            if (static_cast<size_t>(value) >= Words<Value>::list.size()) found(name, "is no word of its list");
        } else if constexpr (!std::is_same_v<Value, bool>) {
            OutOfRange inner;
            value.each_option(inner);
            if (inner.wrong) found(name, inner.wrong->field + (": " + inner.wrong->reason));
        }
    }

  private:
    void found(const char * name, std::string reason) {
        if (!wrong) wrong = ConfigError{name, std::move(reason)};
    }
};

std::optional<ConfigError> validate(PolicyConfig p, int32_t max_running) {
    OutOfRange ranges;
    p.each_option(ranges);
    if (ranges.wrong) return ranges.wrong;
    if (p.group_size > max_running) return ConfigError{"group_size", "is at most max_running"};
    if (p.low > p.high) return ConfigError{"low", "is at most high"};
    if (p.use_low > p.use_high) return ConfigError{"use_low", "is at most use_high"};
    if (!std::is_sorted(p.level_edges.begin(), p.level_edges.end())) return ConfigError{"level_edges", "are ascending"};
    return std::nullopt;
}

}  // namespace

std::optional<ConfigError> validate(const SchedulerConfig & c) {
    if (!within(c.n_pages, 1, kMaxPages)) return ConfigError{"n_pages", "is in [1, 2^28]"};
    if (!within(c.page_tokens, 1, 1 << 16)) return ConfigError{"page_tokens", "is in [1, 65536]"};
    if (static_cast<int64_t>(c.n_pages) * c.page_tokens > (1ll << 31) - 1) {
        return ConfigError{"n_pages", "n_pages * page_tokens must stay below 2^31"};
    }
    if (!within(c.max_running, 1, kMaxRunning)) return ConfigError{"max_running", "is in [1, 4096]"};
    if (!within(c.max_batch_tokens, 1, kMaxTokens)) return ConfigError{"max_batch_tokens", "is in [1, 2^28]"};
    if (!within(c.n_states, 0, kMaxStates)) return ConfigError{"n_states", "is in [0, 2^20]"};
    if (c.state_every < 0) return ConfigError{"state_every", "is not negative"};
    if (c.max_context < 0) return ConfigError{"max_context", "is not negative"};
    if (!within(c.reserve_percent, 0, 100)) return ConfigError{"reserve_percent", "is in [0, 100]"};
    if (!within(c.tiers.most_reading, 1, kMaxRunning)) return ConfigError{"tiers", "read [1, 4096] pages at a time"};
    if (!within(c.tiers.most_writing, 1, kMaxRunning)) return ConfigError{"tiers", "write [1, 4096] pages at a time"};
    if (c.tiers.state_pages < 1) return ConfigError{"tiers", "a state takes as long as a page at least"};
    return validate(c.policy, c.max_running);
}

}  // namespace banyan
