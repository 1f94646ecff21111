#include "sim/log-text.h"

#include <cinttypes>
#include <cstdio>
#include <tuple>
#include <variant>

namespace banyan::sim {

void LogText::record(const Decision & decision) {
    const auto write = [&](const auto & what) {
        const auto numbers = std::tuple_cat(what.fields(), std::make_tuple(0, 0));  // of kinds with fewer fields: 0
        line(decision.at, name_of(decision.kind()), decision.request, decision.program,
             static_cast<int64_t>(std::get<0>(numbers)), static_cast<int64_t>(std::get<1>(numbers)));
    };
    std::visit(write, decision.what);
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
