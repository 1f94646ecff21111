// A text's characters, by the rules that a grammar reads a token by (llama.cpp's decode_utf8 with our patch): no
// overlong forms, no surrogates, nothing above U+10FFFF, and the last character may be cut.
//
// Owns: the last text's characters. Changed by: read. Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace banyan {

struct Utf8Text {
    std::vector<uint32_t> characters;
    uint32_t bits = 0;    // of the cut character
    int32_t missing = 0;  // bytes of it; 0: none is cut

    /** False when it cannot be the beginning of valid UTF-8. */
    bool read(const std::string & text);
};

/** Characters [low, high]. */
struct CharacterRange {
    uint32_t low, high;
};

/** What a character may become that is cut after these bits, so many bytes before its end: 1 to 3. */
CharacterRange completions(uint32_t bits, int32_t missing);

}  // namespace banyan
