#include "runner/masks/blank-style.h"

namespace banyan {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

BlankStyle::Gap BlankStyle::gap(char left, char right) {
    if (left == ':') return colon;
    if (left == ',') return comma;
    if (left == '{' || left == '[') return opening;
    if (right == '}' || right == ']') return closing;
    if (right == ':') return before_colon;
    return right == ',' ? before_comma : other;
}

/** note: of each gap in it, which one it is and the blanks there. */
template <typename Note>
void BlankStyle::scan(const std::string & text, Note note) {
    for (const char c : text) {
        if (quoted_) {
            if (c == '"' && !escaped_) {
                quoted_ = false;
                last_ = c;
                blanks_.clear();
            }
            escaped_ = c == '\\' && !escaped_;
        } else if (is_blank(c)) {
            blanks_ += c;
        } else {
            const Gap between = gap(last_, c);
            // Of texts that are no JSON, as reasoning, nothing is learnt: they follow other rules at each place.
            if (open_ > 0 && between != other) note(between, blanks_);
            quoted_ = open_ > 0 && c == '"';
            open_ += c == '{' || c == '[';
            open_ -= open_ > 0 && (c == '}' || c == ']');
            last_ = c;
            blanks_.clear();
        }
    }
}

void BlankStyle::read(const std::string & text) {
    scan(text, [&](Gap between, const std::string & blanks) { known_[between] = blanks; });
}

void BlankStyle::learn(const std::string & text) {
    BlankStyle sample;
    bool differs[kGaps] = {};
    sample.scan(text, [&](Gap between, const std::string & blanks) {
        std::optional<std::string> & known = sample.known_[between];
        differs[between] = differs[between] || (known && *known != blanks);
        known = blanks;
    });
    for (int one = 0; one < kGaps; ++one) {
        if (differs[one]) sample.known_[one] = std::nullopt;
        known_[one] = sample.known_[one];
    }
}

std::optional<std::string> BlankStyle::before(char mark, bool guess) const {
    const Gap between = gap(last_, mark);
    const bool spaced = between == colon || between == comma;
    if (!known_[between] && !guess) return std::nullopt;
    const std::string all = known_[between].value_or(spaced ? " " : "");
    // Others than usual were written: the rest of the usual ones would make a third kind.
    if (all.compare(0, blanks_.size(), blanks_) != 0) return guess ? std::optional<std::string>("") : std::nullopt;
    return all.substr(blanks_.size());
}

}  // namespace banyan
