#include "addon/fields.h"

#include <cmath>

namespace banyan {

namespace {

[[noreturn]] void invalid(const std::string & field, const std::string & why) {
    throw Error("INVALID_OPTION", field + " " + why, field);
}

/** Every surrogate stands in a pair. */
bool is_well_formed(const std::u16string & text) {
    for (size_t i = 0; i < text.size(); ++i) {
        if ((text[i] & 0xF800) != 0xD800) continue;
        const bool pair = text[i] < 0xDC00 && i + 1 < text.size() && (text[i + 1] & 0xFC00) == 0xDC00;
        if (!pair) return false;
        ++i;
    }
    return true;
}

}  // namespace

Class class_of(const Fields & fields, const char * name) {
    return fields.choice<Class>(
        name, {{"interactive", Class::interactive}, {"workflow", Class::workflow}, {"background", Class::background}});
}

std::string text_of(const Napi::Value & value, const std::string & field) {
    if (!value.IsString()) invalid(field, "must be a string");
    return value.As<Napi::String>().Utf8Value();
}

std::string string_of(const Napi::Value & value, const std::string & field) {
    std::string text = text_of(value, field);
    // Only a text with U+FFFD in it can be one in which it stands for something else.
    const bool replaced = text.find("\xEF\xBF\xBD") != std::string::npos;
    if (replaced && !is_well_formed(value.As<Napi::String>().Utf16Value())) {
        invalid(field, "has half a surrogate pair, and two such strings would be one in UTF-8");
    }
    return text;
}

std::string encoded_of(const Napi::Value & value, const std::string & field) {
    if (!value.IsTypedArray()) return text_of(value, field);
    const auto array = value.As<Napi::TypedArray>();
    if (array.TypedArrayType() != napi_uint8_array) invalid(field, "must be a string or a Uint8Array");
    const auto bytes = value.As<Napi::Uint8Array>();
    const size_t n = bytes.ElementLength();
    return n == 0 ? std::string() : std::string(reinterpret_cast<const char *>(bytes.Data()), n);
}

double number_of(const Napi::Value & value, const std::string & field, double low, double high) {
    if (!value.IsNumber()) invalid(field, "must be a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= low && number <= high)) {
        char range[80];
        std::snprintf(range, sizeof(range), "must be in [%.17g, %.17g]", low, high);
        invalid(field, range);
    }
    return number;
}

int64_t integer_of(const Napi::Value & value, const std::string & field, int64_t low, int64_t high) {
    const double number = number_of(value, field, static_cast<double>(low), static_cast<double>(high));
    if (number != std::floor(number)) invalid(field, "must be an integer");
    return static_cast<int64_t>(number);
}

bool boolean_of(const Napi::Value & value, const std::string & field) {
    if (!value.IsBoolean()) invalid(field, "must be a boolean");
    return value.As<Napi::Boolean>().Value();
}

std::vector<Token> tokens_of(const Napi::Value & value, const std::string & field) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
        invalid(field, "must be an Int32Array");
    }
    const auto array = value.As<Napi::Int32Array>();
    const size_t n = array.ElementLength();
    return n == 0 ? std::vector<Token>() : std::vector<Token>(array.Data(), array.Data() + n);
}

Fields::Fields(const Napi::Value & value, const std::string & what, std::string prefix) : prefix_(std::move(prefix)) {
    if (!value.IsObject() || value.IsArray() || value.IsFunction()) {
        throw Error("INVALID_OPTION", what + " must be an object", what);
    }
    object_ = value.As<Napi::Object>();
}

void Fields::fail(const char * name, const std::string & why) const {
    invalid(prefix_ + name, why);
}

bool Fields::boolean(const char * name) const {
    return boolean_of(value(name), prefix_ + name);
}

int64_t Fields::integer(const char * name, int64_t low, int64_t high) const {
    return integer_of(value(name), prefix_ + name, low, high);
}

double Fields::number(const char * name, double low, double high) const {
    return number_of(value(name), prefix_ + name, low, high);
}

std::string Fields::string(const char * name) const {
    return string_of(value(name), prefix_ + name);
}

std::vector<std::string> Fields::strings(const char * name, uint32_t most) const {
    const Napi::Value value = this->value(name);
    if (!value.IsArray()) fail(name, "must be an array of strings");
    const auto array = value.As<Napi::Array>();
    if (array.Length() > most) fail(name, "has more than " + std::to_string(most) + " entries");
    std::vector<std::string> out;
    for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(string_of(array.Get(i), prefix_ + name));
    return out;
}

std::vector<Token> Fields::tokens(const char * name) const {
    return tokens_of(value(name), prefix_ + name);
}

}  // namespace banyan
