#include "addon/record-layout.h"

#include <string>
#include <type_traits>
#include <variant>

#include "core/record.h"
#include "core/scheduler/snapshot.h"
#include "engine/event.h"

namespace banyan {

namespace {

template <typename Record>
Napi::Array layout_of(Napi::Env env, const Record & record);

template <typename List>
Napi::Array texts(Napi::Env env, const List & list) {
    Napi::Array out = Napi::Array::New(env);
    for (const char * text : list) out.Set(out.Length(), text);
    return out;
}

/** { name, type } and what else is to be known of the type. */
template <typename Value>
Napi::Object field_of(Napi::Env env, const char * name, const Value & value) {
    Napi::Object field = Napi::Object::New(env);
    field.Set("name", name);
    if constexpr (std::is_enum_v<Value>) {
        field.Set("type", "word");
        field.Set("words", texts(env, Words<Value>::list));
    } else if constexpr (std::is_same_v<Value, std::string>) {
        field.Set("type", "text");
    } else if constexpr (std::is_arithmetic_v<Value> || std::is_same_v<Value, Millis>) {
        field.Set("type", std::is_same_v<Value, bool> ? "flag" : "number");
    } else {
        field.Set("type", "record");
        field.Set("fields", layout_of(env, value));
    }
    return field;
}

template <typename Record>
Napi::Array layout_of(Napi::Env env, const Record & record) {
    Napi::Array out = Napi::Array::New(env);
    record.each_field(
        [&](const char * name, const auto & value) { out.Set(out.Length(), field_of(env, name, value)); });
    return out;
}

template <typename... Kinds>
Napi::Array kinds_of(Napi::Env env, const std::variant<Kinds...> *) {
    Napi::Array out = Napi::Array::New(env);
    const auto add = [&](const auto & kind) {
        Napi::Object entry = Napi::Object::New(env);
        entry.Set("kind", kind.kName);
        entry.Set("fields", layout_of(env, kind));
        out.Set(out.Length(), entry);
    };
    (add(Kinds{}), ...);
    return out;
}

}  // namespace

Napi::Object record_layouts(Napi::Env env) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("finish", layout_of(env, FinishEvent{}));
    out.Set("decisions", kinds_of(env, static_cast<const decision::What *>(nullptr)));
    return out;
}

Napi::Object word_lists(Napi::Env env) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("callStage", texts(env, Words<CallStage>::list));
    out.Set("class", texts(env, Words<Class>::list));
    out.Set("finishReason", texts(env, Words<FinishReason>::list));
    out.Set("missReason", texts(env, Words<MissExplanation::Reason>::list));
    out.Set("pageKind", texts(env, Words<NodeKind>::list));
    out.Set("phase", texts(env, Words<Phase>::list));
    out.Set("stage", texts(env, Words<Stage>::list));
    out.Set("kept", texts(env, Words<Kept>::list));
    out.Set("waitsFor", texts(env, Words<WaitsFor>::list));
    out.Set("retainReason", texts(env, Words<RetainReason>::list));
    out.Set("storeReason", texts(env, Words<StoreReason>::list));
    out.Set("tier", texts(env, Words<Tier>::list));
    return out;
}

}  // namespace banyan
