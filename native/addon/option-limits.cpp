#include "addon/option-limits.h"

#include <array>
#include <string>
#include <type_traits>

#include "addon/option-reader.h"
#include "engine/options.h"

namespace banyan {

namespace {

template <typename Options>
Napi::Object limits_of(Napi::Env env, Options && options);

Napi::Object kind(Napi::Env env, const char * name) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("kind", name);
    return out;
}

/** `standard`: what the native struct has unless it is given something else. */
Napi::Object number_limit(Napi::Env env, const Range & range, bool whole, const Napi::Value & standard) {
    Napi::Object out = kind(env, "number");
    out.Set("min", range.min);
    out.Set("max", range.max);
    out.Set("whole", whole);
    out.Set("powerOfTwo", range.power_of_two);
    out.Set("none", range.has_none ? Napi::Value(Napi::Number::New(env, range.none)) : env.Undefined());
    out.Set("standard", standard);
    return out;
}

template <typename Number>
Napi::Value number(Napi::Env env, Number value) {
    const bool never = std::is_integral_v<Number> && static_cast<int64_t>(value) >= kNever;
    return Napi::Number::New(env, never ? kForever : static_cast<double>(value));
}

template <typename Number>
Napi::Object limit(Napi::Env env, const Number & value, const Range & range) {
    return number_limit(env, range, std::is_integral_v<Number>, number(env, value));
}
Napi::Object limit(Napi::Env env, const MillisPlace & place, const Range & range) {
    return number_limit(env, range, false, number(env, static_cast<double>(place.micros) / 1000));
}
template <typename Number, size_t n>
Napi::Object limit(Napi::Env env, const std::array<Number, n> & values, const Range & range) {
    Napi::Array standard = Napi::Array::New(env, n);
    for (uint32_t i = 0; i < n; ++i) standard.Set(i, number(env, values[i]));
    return number_limit(env, range, std::is_integral_v<Number>, standard);
}
template <typename Number>
Napi::Object limit(Napi::Env env, const PerClass<Number> & values, const Range & range) {
    return limit(env, static_cast<const std::array<Number, kClasses> &>(values), range);
}

template <typename Value>
Napi::Object limit(Napi::Env env, Value & value) {
    if constexpr (std::is_same_v<Value, bool>) {
        Napi::Object out = kind(env, "flag");
        out.Set("standard", value);
        return out;
    } else if constexpr (std::is_same_v<Value, std::string>) {
        return kind(env, "text");
    } else if constexpr (std::is_enum_v<Value>) {
        Napi::Object out = kind(env, "word");
        Napi::Array words = Napi::Array::New(env);
        for (const char * word : Words<Value>::list) words.Set(words.Length(), word);
        out.Set("words", words);
        out.Set("standard", word_of(value));
        return out;
    } else {
        Napi::Object out = kind(env, "options");
        out.Set("options", limits_of(env, value));
        return out;
    }
}

template <typename Options>
Napi::Object limits_of(Napi::Env env, Options && options) {
    Napi::Object out = Napi::Object::New(env);
    options.each_option([&](const char * member, auto && value, const auto &... range) {
        out.Set(js_name(member), limit(env, value, range...));
    });
    return out;
}

}  // namespace

Napi::Object option_limits(Napi::Env env) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("load", limits_of(env, EngineOptions{}));
    out.Set("request", limits_of(env, RequestOptions{}));
    out.Set("hint", limits_of(env, HintOptions{}));
    out.Set("embedding", limits_of(env, EmbeddingOptions{}));
    out.Set("policy", limits_of(env, PolicyConfig{}));
    out.Set("cache", limits_of(env, CacheOptions{}));
    return out;
}

}  // namespace banyan
