#include "addon/parse-policy.h"

#include <cctype>
#include <cmath>
#include <functional>
#include <map>

#include "addon/fields.h"

namespace banyan {

namespace {

/** What reads one field into its place. */
using Read = std::function<void(const Napi::Value &, const std::string & field)>;
using Table = std::map<std::string, Read>;

/** Infinity is "never" for times; other numbers are whole. */
int64_t whole(const Napi::Value & value, const std::string & field) {
    if (value.IsNumber() && value.As<Napi::Number>().DoubleValue() == HUGE_VAL) return kNever;
    return integer_of(value, field, -(int64_t(1) << 53), int64_t(1) << 53);
}

template <typename T>
Read number(T & place) {
    return [&place](const Napi::Value & value, const std::string & field) {
        const int64_t given = whole(value, field);
        place = static_cast<T>(given);
        if (place != given) throw Error("INVALID_OPTION", field + " is too large", field);
    };
}

template <typename T, size_t n>
Read numbers(std::array<T, n> & places) {
    return [&places](const Napi::Value & value, const std::string & field) {
        if (!value.IsArray() || value.As<Napi::Array>().Length() != n) {
            throw Error("INVALID_OPTION", field + " must have " + std::to_string(n) + " numbers", field);
        }
        for (uint32_t i = 0; i < n; ++i) {
            places[i] = whole(value.As<Napi::Array>().Get(i), field + "[" + std::to_string(i) + "]");
        }
    };
}

template <typename T>
Read choice(T & place, std::initializer_list<std::pair<const char *, T>> choices) {
    return [&place, all = std::vector<std::pair<const char *, T>>(choices)](const Napi::Value & value,
                                                                            const std::string & field) {
        const std::string chosen = string_of(value, field);
        for (const auto & [word, meaning] : all) {
            if (chosen != word) continue;
            place = meaning;
            return;
        }
        throw Error("INVALID_OPTION", field + " does not know \"" + chosen + "\"", field);
    };
}

/** Reads what is there. */
void read_all(const Napi::Value & value, const std::string & prefix, const Table & table) {
    if (value.IsUndefined() || value.IsNull()) return;
    const std::string whole_field = prefix.substr(0, prefix.size() - 1);
    if (!value.IsObject() || value.IsArray() || value.IsFunction()) {
        throw Error("INVALID_OPTION", whole_field + " must be an object", whole_field);
    }
    const auto object = value.As<Napi::Object>();
    const Napi::Array names = object.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); ++i) {
        const std::string name = names.Get(i).ToString();
        const auto known = table.find(name);
        if (known == table.end()) throw Error("INVALID_OPTION", prefix + name + " is no option", prefix + name);
        const Napi::Value given = object.Get(names.Get(i));
        if (!given.IsUndefined()) known->second(given, prefix + name);
    }
}

Table cost_fields(CostConstants & c) {
    return {{"step", number(c.step)},       {"prefill", number(c.prefill)}, {"pair", number(c.pair)},
            {"context", number(c.context)}, {"decode", number(c.decode)},   {"state", number(c.state)}};
}

Table policy_fields(PolicyConfig & p) {
    return {
        {"batching", choice<Batching>(p.batching, {{"continuous", Batching::continuous},
                                                   {"dynamic", Batching::dynamic},
                                                   {"static", Batching::fixed}})},
        {"groupSize", number(p.group_size)},
        {"maxWait", number(p.max_wait)},
        {"fixedWait", number(p.fixed_wait)},
        {"order", choice<Order>(p.order, {{"program-aware", Order::program_aware}, {"fcfs", Order::fcfs}})},
        {"eviction", choice<Eviction>(p.eviction, {{"typed", Eviction::typed}, {"lru", Eviction::lru}})},
        {"coalesce", numbers(p.coalesce)},
        {"age", numbers(p.age)},
        {"stepTarget", numbers(p.step_target)},
        {"longestStep", number(p.longest_step)},
        {"tile", number(p.tile)},
        {"minPrefill", number(p.min_prefill)},
        {"coldShare", number(p.cold_share)},
        {"alert", number(p.alert)},
        {"alertSteps", number(p.alert_steps)},
        {"high", number(p.high)},
        {"low", number(p.low)},
        {"tick", number(p.tick)},
        {"windowStart", number(p.window_start)},
        {"windowAdd", number(p.window_add)},
        {"windowKeep", number(p.window_keep)},
        {"useLow", number(p.use_low)},
        {"useHigh", number(p.use_high)},
        {"hitLow", number(p.hit_low)},
        {"returnWithin", number(p.return_within)},
        {"levelEdges", numbers(p.level_edges)},
        {"starving", number(p.starving)},
        {"overdue", number(p.overdue)},
        {"quantum", number(p.quantum)},
        {"localityWindow", number(p.locality_window)},
        {"localitySpan", number(p.locality_span)},
        {"maxBypass", number(p.max_bypass)},
        {"keepUnknown", number(p.keep_unknown)},
        {"toolSamples", number(p.tool_samples)},
        {"nextStep", number(p.next_step)},
        {"computeAhead",
         [&p](const Napi::Value & value, const std::string & field) { p.compute_ahead = boolean_of(value, field); }},
        {"cost", [&p](const Napi::Value & value,
                      const std::string & field) { read_all(value, field + ".", cost_fields(p.cost)); }},
        {"refit", [&p](const Napi::Value & value, const std::string & field) { p.refit = boolean_of(value, field); }},
    };
}

}  // namespace

void check_config(const SchedulerConfig & config, const std::string & prefix) {
    const auto wrong = validate(config);
    if (!wrong) return;
    std::string field = prefix;
    for (const char * c = wrong->field; *c; ++c) {
        const bool joint = *c == '_' && c[1];
        field += static_cast<char>(joint ? std::toupper(static_cast<unsigned char>(*++c)) : *c);
    }
    throw Error("INVALID_OPTION", field + ": " + wrong->reason, field);
}

PolicyConfig parse_policy(const Napi::Value & value, const std::string & prefix) {
    PolicyConfig policy;
    read_all(value, prefix, policy_fields(policy));
    return policy;
}

}  // namespace banyan
