// Where a JSON object that comes in pieces ends. It says nothing about whether it is well-formed.
//
// Owns: the place it is at. Changed by: push. Thread: its owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace banyan {

class JsonObjectEnd {
  public:
    /** How many bytes of `text` in [from, ...) still belong to the object. */
    size_t push(const std::string & text, size_t from) {
        size_t at = from;
        for (; at < text.size() && !closed_; ++at) {
            const char c = text[at];
            if (escaped_) {
                escaped_ = false;
            } else if (quoted_) {
                if (c == '\\') escaped_ = true;
                if (c == '"') quoted_ = false;
            } else if (c == '"') {
                quoted_ = true;
            } else if (c == '{' || c == '[') {
                ++depth_;
            } else if (c == '}' || c == ']') {
                closed_ = --depth_ <= 0;
            }
        }
        return at - from;
    }

  private:
    int64_t depth_ = 0;
    bool quoted_ = false, escaped_ = false, closed_ = false;
};

}  // namespace banyan
