#include "addon/text-spans.h"

#include "addon/fields.h"

namespace banyan {

namespace {

/** Walks a text forward and counts both ways. */
struct Position {
    const std::string & text;
    size_t bytes = 0;
    int32_t units = 0;

    bool at_end() const { return bytes == text.size(); }
    /** To the next character: one unit, or two outside the basic plane. */
    void step() {
        units += static_cast<uint8_t>(text[bytes]) >= 0xF0 ? 2 : 1;
        do ++bytes;
        while (!at_end() && (text[bytes] & 0xC0) == 0x80);
    }
};

}  // namespace

Napi::Int32Array spans_to_js(Napi::Env env, const std::string & text, const std::vector<TextSpan> & spans) {
    Napi::Int32Array out = Napi::Int32Array::New(env, 2 * spans.size());
    Position at{text};
    for (size_t i = 0; i < spans.size(); ++i) {
        while (at.bytes < spans[i].begin) at.step();
        out[2 * i] = at.units;
        while (at.bytes < spans[i].end) at.step();
        out[2 * i + 1] = at.units;
    }
    return out;
}

std::vector<TextSpan> spans_of(const Napi::Value & value, const std::string & field, const std::string & text) {
    const std::vector<Token> units = tokens_of(value, field);
    const Error wrong("INVALID_OPTION", field + " must be pairs of ascending positions in the text", field);
    if (units.size() % 2 != 0) throw wrong;
    std::vector<TextSpan> out;
    Position at{text};
    const auto bytes_at = [&](int32_t unit) {
        while (at.units < unit && !at.at_end()) at.step();
        if (at.units < unit || at.units > unit + 1) throw wrong;  // one past: inside a surrogate pair
        return at.bytes;
    };
    for (size_t i = 0; i < units.size(); i += 2) {
        const size_t begin = bytes_at(units[i]), end = bytes_at(units[i + 1]);
        if (units[i] >= units[i + 1] || (i > 0 && units[i] < units[i - 1])) throw wrong;
        out.push_back({begin, end});
    }
    return out;
}

}  // namespace banyan
