#include "runner/masks/utf8-text.h"

namespace banyan {

namespace {

/** -1: no character begins with it. */
int32_t bytes_behind(unsigned char lead) {
    if (lead < 0x80) return 0;
    if (lead < 0xC2 || lead > 0xF4) return -1;
    return lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
}

bool follows(unsigned char byte, uint32_t bits, int32_t missing) {
    if ((byte & 0xC0) != 0x80) return false;
    if (missing == 2 && bits == 0x0) return byte >= 0xA0;
    if (missing == 2 && bits == 0xD) return byte < 0xA0;
    if (missing == 3 && bits == 0x0) return byte >= 0x90;
    if (missing == 3 && bits == 0x4) return byte < 0x90;
    return true;
}

}  // namespace

bool Utf8Text::read(const std::string & text) {
    characters.clear();
    bits = 0;
    missing = 0;
    for (const char at : text) {
        const auto byte = static_cast<unsigned char>(at);
        if (missing > 0) {
            if (!follows(byte, bits, missing)) return false;
            bits = (bits << 6) | (byte & 0x3F);
            --missing;
        } else {
            missing = bytes_behind(byte);
            if (missing < 0) return false;
            bits = missing == 0 ? byte : byte & (0x3Fu >> missing);
        }
        if (missing == 0) characters.push_back(bits);
    }
    return true;
}

CharacterRange completions(uint32_t bits, int32_t missing) {
    const int shift = 6 * missing;
    CharacterRange range{bits << shift, (bits << shift) | ((1u << shift) - 1)};
    if (range.low == 0 && missing == 2) range.low = 1u << 11;
    if (range.low == 0 && missing == 3) range.low = 1u << 16;
    return range;
}

}  // namespace banyan
