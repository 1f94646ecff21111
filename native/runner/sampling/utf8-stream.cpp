#include "runner/sampling/utf8-stream.h"

#include <cstdint>

namespace banyan {

namespace {

const char * const kReplacement = "\xEF\xBF\xBD";

/** Length of the character that `lead` starts, 0 for a byte that starts none. */
size_t length_of(uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

/** Whether `byte` may follow `lead` directly: excludes overlong forms, surrogates and code points above U+10FFFF. */
bool second_fits(uint8_t lead, uint8_t byte) {
    switch (lead) {
        case 0xE0:
            return byte >= 0xA0 && byte <= 0xBF;
        case 0xED:
            return byte >= 0x80 && byte <= 0x9F;
        case 0xF0:
            return byte >= 0x90 && byte <= 0xBF;
        case 0xF4:
            return byte >= 0x80 && byte <= 0x8F;
        default:
            return byte >= 0x80 && byte <= 0xBF;
    }
}

}  // namespace

std::string Utf8Stream::push(const std::string & bytes) {
    const std::string input = waiting_ + bytes;
    waiting_.clear();
    std::string out;
    size_t at = 0;
    while (at < input.size()) {
        const uint8_t lead = static_cast<uint8_t>(input[at]);
        const size_t length = length_of(lead);
        size_t n = 1;
        while (n < length && at + n < input.size()) {
            const uint8_t byte = static_cast<uint8_t>(input[at + n]);
            if (n == 1 ? !second_fits(lead, byte) : (byte & 0xC0) != 0x80) break;
            ++n;
        }
        if (length > 0 && n == length) {
            out.append(input, at, length);
        } else if (length > 0 && at + n == input.size()) {
            waiting_ = input.substr(at);
        } else {
            out += kReplacement;
        }
        at += n;
    }
    return out;
}

std::string Utf8Stream::flush() {
    const bool cut = !waiting_.empty();
    waiting_.clear();
    return cut ? kReplacement : "";
}

}  // namespace banyan
