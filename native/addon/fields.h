// Reads an options object field by field; whatever is missing, of the wrong type or out of range is an Error
// INVALID_OPTION that names the field.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "addon/napi-api.h"
#include "core/types.h"
#include "runner/error.h"

namespace banyan {

constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxSafe = (int64_t(1) << 53) - 1;  // JavaScript's numbers are exact up to here

class Fields {
  public:
    /** `prefix` stands before the names in errors ("sampling."). */
    Fields(const Napi::Value & value, const std::string & what, std::string prefix = "");

    bool boolean(const char * name) const;
    int64_t integer(const char * name, int64_t low, int64_t high) const;
    double number(const char * name, double low, double high) const;  // finite
    std::string string(const char * name) const;
    std::vector<std::string> strings(const char * name, uint32_t most) const;
    std::vector<Token> tokens(const char * name) const;
    Napi::Value value(const char * name) const { return object_.Get(name); }

    template <typename T>
    T choice(const char * name, std::initializer_list<std::pair<const char *, T>> choices) const {
        const std::string chosen = string(name);
        std::string all;
        for (const auto & [word, result] : choices) {
            if (chosen == word) return result;
            all += (all.empty() ? "" : ", ") + std::string(word);
        }
        fail(name, "must be one of " + all);
    }

    [[noreturn]] void fail(const char * name, const std::string & why) const;

  private:
    Napi::Object object_;
    std::string prefix_;
};

Class class_of(const Fields & fields, const char * name);

/** An Int32Array's contents. */
std::vector<Token> tokens_of(const Napi::Value & value, const std::string & field);
/** A string of whole characters: what is a name must not become another one's on its way into UTF-8. */
std::string string_of(const Napi::Value & value, const std::string & field);
/** Words for the model: half a surrogate pair becomes U+FFFD. */
std::string text_of(const Napi::Value & value, const std::string & field);
/** The same, or bytes (Uint8Array), which are taken to be UTF-8. */
std::string encoded_of(const Napi::Value & value, const std::string & field);
/** A finite number. */
double number_of(const Napi::Value & value, const std::string & field, double low, double high);
int64_t integer_of(const Napi::Value & value, const std::string & field, int64_t low, int64_t high);
bool boolean_of(const Napi::Value & value, const std::string & field);

}  // namespace banyan
