#include "addon/snapshot-to-js.h"

#include <algorithm>
#include <type_traits>

#include "addon/record-object.h"

namespace banyan {

namespace {

template <typename Value>
double number_of_field(const Value & value) {
    if constexpr (std::is_same_v<Value, Millis>) {
        return value.value();
    } else {
        return static_cast<double>(value);
    }
}

/**
 * { fields, rows }: the names once, and the values row by row, of an enum its number. Ten thousand objects of twelve
 * properties would keep the JavaScript thread for tens of milliseconds.
 */
template <typename Row>
Napi::Object table_of(Napi::Env env, const std::vector<Row> & rows) {
    Napi::Array fields = Napi::Array::New(env);
    Row().each_field([&](const char * name, const auto &) { fields.Set(fields.Length(), name); });
    Napi::Float64Array values = Napi::Float64Array::New(env, rows.size() * fields.Length());
    double * next = values.Data();
    for (const Row & row : rows) {
        row.each_field([&](const char *, const auto & value) { *next++ = number_of_field(value); });
    }
    Napi::Object table = Napi::Object::New(env);
    table.Set("fields", fields);
    table.Set("rows", values);
    return table;
}

}  // namespace

Napi::Object to_js(Napi::Env env, const EngineSnapshot & snapshot) {
    Napi::Object out = object_of(env, snapshot);
    const Snapshot & shown = snapshot.scheduler;
    Napi::Uint8Array pages = Napi::Uint8Array::New(env, shown.pages.size());
    std::copy(shown.pages.begin(), shown.pages.end(), pages.Data());
    out.Set("pages", pages);
    out.Set("nodes", table_of(env, shown.nodes));
    out.Set("holds", table_of(env, shown.holds));
    out.Set("requests", table_of(env, shown.requests));
    out.Set("programs", table_of(env, shown.programs));
    out.Set("steps", table_of(env, snapshot.steps));
    return out;
}

}  // namespace banyan
