#include "sim/log-text.h"

#include <cinttypes>
#include <cstdio>
#include <type_traits>
#include <variant>

namespace banyan::sim {

namespace {

/** A decision's first two fields as plain numbers, 0 where it has fewer. */
struct FirstNumbers {
    int64_t numbers[2] = {0, 0};
    size_t n = 0;

    template <typename Value>
    void operator()(const char *, const Value & value) {
        if (n == 2) return;
        if constexpr (std::is_same_v<Value, Millis>) {
            numbers[n++] = value.micros;
        } else if constexpr (std::is_convertible_v<Value, int64_t> || std::is_enum_v<Value>) {
            numbers[n++] = static_cast<int64_t>(value);
        }
    }
};

}  // namespace

void LogText::record(const Decision & decision) {
    FirstNumbers first;
    std::visit([&](const auto & what) { what.each_field(first); }, decision.what);
    line(decision.at, name_of(decision.kind()), decision.request, decision.program, first.numbers[0], first.numbers[1]);
}

void LogText::row(Micros now, const BatchRow & row, ProgramId program) {
    line(now, "row", row.request, program, row.n_tokens, row.n_past);
}

void LogText::step(Micros now, const Batch & batch, Micros took) {
    line(now, "step", 0, 0, batch.n_tokens, took);
}

void LogText::line(Micros at, const char * kind, RequestId request, ProgramId program, int64_t a, int64_t b) {
    char out[160];
    const int length =
        std::snprintf(out, sizeof(out), "%" PRId64 " %s %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\n", at, kind,
                      request, program, a, b);
    text_.append(out, static_cast<size_t>(length));
}

}  // namespace banyan::sim
