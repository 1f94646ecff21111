#include "addon/option-reader.h"

#include <cctype>
#include <cmath>
#include <cstdio>

namespace banyan {

namespace {

[[noreturn]] void invalid(const std::string & field, const std::string & why) {
    throw Error("INVALID_OPTION", field + " " + why, field);
}

bool is_power_of_two(double number) {
    const auto whole = static_cast<int64_t>(number);
    return whole > 0 && (whole & (whole - 1)) == 0;
}

}  // namespace

std::string js_name(const char * member) {
    std::string name;
    for (const char * c = member; *c; ++c) {
        const bool joint = *c == '_' && c[1];
        name += static_cast<char>(joint ? std::toupper(static_cast<unsigned char>(*++c)) : *c);
    }
    return name;
}

double number_in(const Napi::Value & value, const std::string & field, const Range & range, bool whole) {
    if (!value.IsNumber()) invalid(field, "must be a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (range.has_none && number == range.none) return number;
    const bool forever = number == kForever && range.max == kForever;
    const double most = whole && range.max > kMostWhole ? kMostWhole : range.max;
    if (!forever && !(number >= range.min && number <= most)) {
        char text[96];
        std::snprintf(text, sizeof text, "must be in [%.17g, %.17g]%s", range.min, most,
                      whole && range.max == kForever ? " or Infinity" : "");
        invalid(field, text);
    }
    if (whole && !forever && number != std::floor(number)) invalid(field, "must be an integer");
    if (range.power_of_two && !is_power_of_two(number)) invalid(field, "must be a power of two");
    return number;
}

size_t word_in(const Napi::Value & value, const std::string & field, const char * const * words, size_t n) {
    const std::string chosen = string_of(value, field);
    std::string all;
    for (size_t i = 0; i < n; ++i) {
        if (chosen == words[i]) return i;
        all += (i == 0 ? "" : ", ") + std::string(words[i]);
    }
    invalid(field, "must be one of " + all);
}

Napi::Object known_object(const Napi::Value & value, const std::string & field, const std::set<std::string> & known) {
    if (!value.IsObject() || value.IsArray() || value.IsFunction()) invalid(field, "must be an object");
    const auto object = value.As<Napi::Object>();
    if (known.empty()) return object;
    const Napi::Array names = object.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); ++i) {
        const std::string name = names.Get(i).ToString();
        if (known.count(name) == 0)
            throw Error("INVALID_OPTION", field + "." + name + " is no option", field + "." + name);
    }
    return object;
}

}  // namespace banyan
