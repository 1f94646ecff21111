#include "runner/answers/call-place.h"

namespace banyan {

namespace {

constexpr size_t kFence = 3;

}  // namespace

void CallPlace::start() {
    *this = CallPlace();
}

void CallPlace::add(const std::string & text) {
    for (const char c : text) {
        const bool opens = last_ == '\n' || last_ == ' ' || last_ == '(';
        quoted_ = (c == '`' || c == '"' || c == '\'') && (opens || (quoted_ && c == last_));
        if (c == '\n') {
            if (ticks_ >= kFence) fenced_ = !fenced_;
            ticks_ = 0;
            blank_ = true;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            if (c == '`' && (blank_ || (ticks_ > 0 && ticks_ < kFence && last_ == '`'))) ++ticks_;
            blank_ = false;
        }
        last_ = c;
    }
}

bool CallPlace::admits(bool special) const {
    return !fenced_ && !quoted_ && (special || blank_);
}

}  // namespace banyan
