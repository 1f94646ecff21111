// Records (core/record.h) as JavaScript objects: a property for each field.
#pragma once

#include <string>
#include <type_traits>

#include "addon/napi-api.h"
#include "core/record.h"

namespace banyan {

template <typename Record>
Napi::Object object_of(Napi::Env env, const Record & record);

template <typename Value>
Napi::Value value_of(Napi::Env env, const Value & value) {
    if constexpr (std::is_enum_v<Value>) {
        return Napi::String::New(env, word_of(value));
    } else if constexpr (std::is_same_v<Value, bool>) {
        return Napi::Boolean::New(env, value);
    } else if constexpr (std::is_arithmetic_v<Value>) {
        return Napi::Number::New(env, static_cast<double>(value));
    } else if constexpr (std::is_same_v<Value, Millis>) {
        return Napi::Number::New(env, value.value());
    } else if constexpr (std::is_same_v<Value, std::string>) {
        return Napi::String::New(env, value);
    } else {
        return object_of(env, value);
    }
}

template <typename Record>
Napi::Object object_of(Napi::Env env, const Record & record) {
    Napi::Object out = Napi::Object::New(env);
    record.each_field([&](const char * name, const auto & value) { out.Set(name, value_of(env, value)); });
    return out;
}

}  // namespace banyan
