#include "runner/constraints/thinking-budget.h"

#include <algorithm>

namespace banyan {

namespace {

/** Reasoning begins an answer; a tag further on is talk about it. */
constexpr size_t kLatestStart = 64;

bool whole_characters(const std::string & text) {
    size_t back = 0;
    while (back < text.size() && back < 4 && (text[text.size() - 1 - back] & 0xC0) == 0x80) ++back;
    if (back == text.size()) return back == 0;
    const auto lead = static_cast<unsigned char>(text[text.size() - 1 - back]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return back + 1 >= length;
}

}  // namespace

ThinkingBudget::ThinkingBudget(ReasoningTags tags, std::vector<Token> closing, int32_t limit)
    : tags_(std::move(tags)), closing_(std::move(closing)), limit_(limit), state_(State::before) {
    if (tags_.end.empty() || closing_.empty()) {
        state_ = State::over;
    } else if (tags_.opened || tags_.start.empty()) {
        state_ = limit_ > 0 ? State::thinking : State::closing;
    }
}

void ThinkingBudget::accept(const std::string & piece) {
    if (state_ == State::over) return;
    if (state_ == State::closing) {
        if (++at_ >= closing_.size()) state_ = State::over;
        return;
    }
    text_ += piece;
    if (state_ == State::before) {
        const size_t start = text_.find(tags_.start);
        if (start == std::string::npos) {
            if (text_.size() > kLatestStart + tags_.start.size()) state_ = State::over;
            return;
        }
        text_.erase(0, start + tags_.start.size());
        state_ = State::thinking;
    } else {
        ++used_;
    }
    if (text_.find(tags_.end) != std::string::npos) {
        state_ = State::over;
    } else if (used_ >= limit_ && whole_characters(text_)) {
        state_ = State::closing;
    }
    // Only the end is looked at again.
    const size_t kept = tags_.end.size() + 8;
    if (text_.size() > kept) text_.erase(0, text_.size() - kept);
}

}  // namespace banyan
