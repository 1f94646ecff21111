// Finds stop strings in text that arrives in pieces, and holds back what may still become one.
#pragma once

#include <string>
#include <vector>

namespace banyan {

class StopMatcher {
  public:
    explicit StopMatcher(std::vector<std::string> stops);  // empty strings are ignored

    /** Appends `text` and returns what certainly is no part of a stop string. */
    std::string push(const std::string & text);
    /** A stop string was found; it and everything behind it are gone. */
    bool stopped() const { return stopped_; }
    /** The one that was found; '' = none. */
    const std::string & hit() const { return hit_; }
    /** The text held back, when the output ends without a stop string. */
    std::string flush();
    /** Nothing waits. */
    bool empty() const { return held_.empty(); }

  private:
    std::vector<std::string> stops_;
    size_t longest_ = 0;
    std::string held_;  // shorter than the longest stop string
    std::string hit_;
    bool stopped_ = false;
};

}  // namespace banyan
