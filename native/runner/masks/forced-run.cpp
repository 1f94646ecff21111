#include "runner/masks/forced-run.h"

#include <optional>

namespace banyan {

namespace {

std::string utf8_of(uint32_t c) {
    const auto low = [](uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
    if (c < 0x80) return {static_cast<char>(c)};
    if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), low(c)};
    if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), low(c >> 6), low(c)};
    return {static_cast<char>(0xF0 | c >> 18), low(c >> 12), low(c >> 6), low(c)};
}

}  // namespace

std::string forced_run(GrammarPlaces & places, int32_t place, BlankStyle style, bool guess) {
    std::string run;
    while (run.size() < kMostForced) {
        const GrammarPlaces::Sole sole = places.sole(place);
        if (sole.character == 0) break;
        const std::optional<std::string> blanks =
            sole.or_blanks ? style.before(static_cast<char>(sole.character), guess) : std::string();
        if (!blanks) break;
        int32_t next = place;
        for (const char blank : *blanks) {
            if (next > GrammarPlaces::kNowhere) next = places.next(next, static_cast<uint32_t>(blank));
        }
        if (next > GrammarPlaces::kNowhere) next = places.next(next, sole.character);
        if (next <= GrammarPlaces::kNowhere) break;
        const std::string added = *blanks + utf8_of(sole.character);
        style.read(added);
        run += added;
        place = next;
    }
    return run;
}

}  // namespace banyan
