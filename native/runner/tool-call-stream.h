// Reports each tool call as soon as it is closed, while the rest of the answer still decodes.
//
// Thread: the engine thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runner/chat-format.h"

namespace banyan {

class ToolCallStream {
  public:
    /** `format` may be null or without tools: then nothing is ever reported. */
    explicit ToolCallStream(std::shared_ptr<const ChatFormat> format);

    /**
     * `text` is the whole output so far, `added` its newest part. Parses only when `added` holds a character that can
     * close a call in some format. Returns the calls that became complete, in order, each once.
     */
    std::vector<ToolCall> push(const std::string & text, const std::string & added);

    /** Calls reported so far. */
    size_t reported() const { return reported_; }

  private:
    std::shared_ptr<const ChatFormat> format_;
    size_t reported_ = 0;
};

}  // namespace banyan
