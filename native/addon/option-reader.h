// Reads structs of options (core/option.h) out of JavaScript objects: what is missing, of the wrong type or out of its
// range is an Error INVALID_OPTION that names the field.
#pragma once

#include <array>
#include <set>
#include <string>
#include <type_traits>

#include "addon/fields.h"
#include "core/option.h"

namespace banyan {

/** max_running is maxRunning in JavaScript. */
std::string js_name(const char * member);

/** A number of a range. Throws Error INVALID_OPTION. */
double number_in(const Napi::Value & value, const std::string & field, const Range & range, bool whole);

/** The position of a word. Throws Error INVALID_OPTION. */
size_t word_in(const Napi::Value & value, const std::string & field, const char * const * words, size_t n);

/** The object itself. Throws Error INVALID_OPTION for what is none, and for a property that is not `known`. */
Napi::Object known_object(const Napi::Value & value, const std::string & field, const std::set<std::string> & known);

/** Every option must be there. `prefix` stands before the names in errors ("sampling."). */
template <typename Options>
void read_options(const Napi::Object & object, Options & out, const std::string & prefix = "");

/** Options may be left out, and keep what they are; one that is not known is an error. */
template <typename Options>
void read_given_options(const Napi::Value & value, Options & out, const std::string & field);

template <bool all>
class OptionReader {
  public:
    OptionReader(const Napi::Value & value, std::string field) : value_(value), field_(std::move(field)) {}

    template <typename Number>
    void into(Number & place, const Range & range) const {
        constexpr bool kWhole = std::is_integral_v<Number>;
        const double number = number_in(value_, field_, range, kWhole);
        if constexpr (kWhole) {
            place = number == kForever ? static_cast<Number>(kNever) : static_cast<Number>(number);
        } else {
            place = static_cast<Number>(number);
        }
    }
    void into(MillisPlace place, const Range & range) const {
        place.micros = static_cast<Micros>(number_in(value_, field_, range, false) * 1000);
    }
    template <typename Number, size_t n>
    void into(std::array<Number, n> & places, const Range & range) const {
        if (!value_.IsArray() || value_.As<Napi::Array>().Length() != n) {
            throw Error("INVALID_OPTION", field_ + " must have " + std::to_string(n) + " numbers", field_);
        }
        for (uint32_t i = 0; i < n; ++i) {
            const std::string at = field_ + "[" + std::to_string(i) + "]";
            OptionReader(value_.As<Napi::Array>().Get(i), at).into(places[i], range);
        }
    }
    template <typename Number>
    void into(PerClass<Number> & places, const Range & range) const {
        into(static_cast<std::array<Number, kClasses> &>(places), range);
    }
    template <typename Value>
    void into(Value & place) const {
        if constexpr (std::is_same_v<Value, bool>) {
            place = boolean_of(value_, field_);
        } else if constexpr (std::is_same_v<Value, std::string>) {
            place = string_of(value_, field_);
        } else if constexpr (std::is_enum_v<Value>) {
            constexpr auto & kWords = Words<Value>::list;
            place = static_cast<Value>(word_in(value_, field_, kWords.data(), kWords.size()));
        } else if constexpr (all) {
            read_options(known_object(value_, field_, {}), place, field_ + ".");
        } else {
            read_given_options(value_, place, field_);
        }
    }

  private:
    Napi::Value value_;
    std::string field_;
};

template <typename Options>
void read_options(const Napi::Object & object, Options & out, const std::string & prefix) {
    out.each_option([&](const char * member, auto && place, const auto &... range) {
        const std::string name = js_name(member);
        OptionReader<true>(object.Get(name), prefix + name).into(place, range...);
    });
}

template <typename Options>
void read_given_options(const Napi::Value & value, Options & out, const std::string & field) {
    if (value.IsUndefined() || value.IsNull()) return;
    std::set<std::string> known;
    out.each_option([&](const char * member, const auto &...) { known.insert(js_name(member)); });
    const Napi::Object object = known_object(value, field, known);
    out.each_option([&](const char * member, auto && place, const auto &... range) {
        const std::string name = js_name(member);
        const Napi::Value given = object.Get(name);
        if (!given.IsUndefined()) OptionReader<false>(given, field + "." + name).into(place, range...);
    });
}

}  // namespace banyan
