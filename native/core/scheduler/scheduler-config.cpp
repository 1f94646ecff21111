// Which configurations a scheduler can run with.
#include <algorithm>

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

bool thousandths(int32_t value) {
    return within(value, 0, 1000);
}
bool span(Micros value) {
    return within<Micros>(value, 0, kNever);
}

template <size_t n>
bool spans(const std::array<Micros, n> & values) {
    return std::all_of(values.begin(), values.end(), span);
}

std::optional<ConfigError> validate(const CostConstants & c) {
    constexpr Picos most = 1'000'000'000'000'000;  // a quarter of an hour
    for (const Picos value : {c.step, c.prefill, c.pair, c.context, c.decode, c.state}) {
        if (!within<Picos>(value, 0, most)) return ConfigError{"cost", "constants are picoseconds in [0, 10^15]"};
    }
    if (c.prefill > most / 1000 || c.decode > most / 1000 || c.pair > most / 1'000'000'000 ||
        c.context > most / 1'000'000) {
        return ConfigError{"cost", "a token cannot cost that much"};
    }
    return std::nullopt;
}

std::optional<ConfigError> validate(const PolicyConfig & p, int32_t max_running) {
    if (p.batching > Batching::fixed) return ConfigError{"batching", "unknown mode"};
    if (p.order > Order::fcfs) return ConfigError{"order", "unknown order"};
    if (p.eviction > Eviction::lru) return ConfigError{"eviction", "unknown eviction"};
    if (!within(p.group_size, 0, max_running)) return ConfigError{"group_size", "is in [0, max_running]"};
    if (!span(p.max_wait) || p.max_wait == kNever) return ConfigError{"max_wait", "is a finite time"};
    if (!span(p.fixed_wait) || p.fixed_wait == kNever) return ConfigError{"fixed_wait", "is a finite time"};
    if (!spans(p.coalesce)) return ConfigError{"coalesce", "times are not negative"};
    if (!spans(p.age)) return ConfigError{"age", "times are not negative"};
    if (!spans(p.step_target)) return ConfigError{"step_target", "times are not negative"};
    if (!within<Micros>(p.longest_step, 1, kNever)) return ConfigError{"longest_step", "is positive"};
    if (!within(p.tile, 1, 1 << 16)) return ConfigError{"tile", "is in [1, 65536]"};
    if (!within(p.min_prefill, 1, 1 << 20)) return ConfigError{"min_prefill", "is in [1, 2^20]"};
    if (!span(p.alert)) return ConfigError{"alert", "is not negative"};
    if (!within(p.alert_steps, 1, 1 << 16)) return ConfigError{"alert_steps", "is in [1, 65536]"};
    if (!thousandths(p.cold_share)) return ConfigError{"cold_share", "is in thousandths"};
    if (!thousandths(p.high) || !within(p.low, 0, p.high)) return ConfigError{"low", "0 <= low <= high <= 1000"};
    if (!within<Micros>(p.tick, 1000, kNever)) return ConfigError{"tick", "is 1 ms at least"};
    if (!within(p.window_start, 1, 1 << 20)) return ConfigError{"window_start", "is in [1, 2^20]"};
    if (!within(p.window_add, 1, 1 << 16)) return ConfigError{"window_add", "is in [1, 65536]"};
    if (!within(p.window_keep, 1, 999)) return ConfigError{"window_keep", "is in [1, 999] thousandths"};
    if (!thousandths(p.use_high) || !within(p.use_low, 0, p.use_high)) {
        return ConfigError{"use_low", "0 <= use_low <= use_high <= 1000"};
    }
    if (!thousandths(p.hit_low)) return ConfigError{"hit_low", "is in thousandths"};
    if (!span(p.return_within)) return ConfigError{"return_within", "is not negative"};
    if (p.level_edges[0] < 1 || !std::is_sorted(p.level_edges.begin(), p.level_edges.end())) {
        return ConfigError{"level_edges", "are positive and ascending"};
    }
    if (p.starving < 1) return ConfigError{"starving", "is positive"};
    if (!within<Micros>(p.overdue, 1, kNever)) return ConfigError{"overdue", "is positive"};
    if (!within<int64_t>(p.quantum, 0, 1ll << 40)) return ConfigError{"quantum", "is in [0, 2^40]"};
    if (!within(p.locality_window, 0, 1024)) return ConfigError{"locality_window", "is in [0, 1024]"};
    if (!span(p.locality_span)) return ConfigError{"locality_span", "is not negative"};
    if (!within(p.max_bypass, 0, 1 << 16)) return ConfigError{"max_bypass", "is in [0, 65536]"};
    if (!span(p.keep_unknown)) return ConfigError{"keep_unknown", "is not negative"};
    if (!within(p.tool_samples, 1, 1000)) return ConfigError{"tool_samples", "is in [1, 1000]"};
    if (!span(p.next_step)) return ConfigError{"next_step", "is not negative"};
    return validate(p.cost);
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
    if (c.max_context < 0) return ConfigError{"max_context", "is not negative"};
    if (!within(c.reserve_percent, 0, 100)) return ConfigError{"reserve_percent", "is in [0, 100]"};
    return validate(c.policy, c.max_running);
}

}  // namespace banyan
