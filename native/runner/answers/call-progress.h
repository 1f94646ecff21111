// Tells of a call while it is written: its name, then its arguments as they grow.
//
// Owns: what was told of the call under way. Changed by: all but the constructor. Thread: its owner's.
// Invariant: the arguments told of a call, joined, begin its arguments, and are all of them when it is whole. A call
// that was told of and comes to nothing is cut. Arguments that the model writes as JSON are looked at once, byte by
// byte.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/answers/answer-syntax.h"
#include "runner/answers/json-object-end.h"

namespace banyan {

class CallProgress {
  public:
    using Pieces = std::vector<CallPiece>;

    /** The parser has read all of `buffer`: its call `index`, where it has begun one that is not whole yet. */
    void follow(size_t index, const Reading & reading, const std::string & buffer, size_t args_begin, Pieces & out);
    /** `buffer` has grown, and was not parsed. */
    void grow(const std::string & buffer, Pieces & out);
    void close(size_t index, const ToolCall & call, Pieces & out);
    void cut(Pieces & out);

  private:
    void start(size_t index, const ToolCall & call, Pieces & out);
    void tell(std::string arguments, Pieces & out);

    struct Open {
        size_t index;
        std::string name, told;
        size_t raw_at =
            Reading::kNowhere;  // in the buffer, behind what was told; nowhere: the arguments are no JSON there
        JsonObjectEnd object;
    };
    std::optional<Open> open_;
};

}  // namespace banyan
