// Closures for the engine thread: anyone posts, one thread takes them all at once.
//
// Thread: any. Invariant: a command that was accepted is taken, in order; after post_last() none is accepted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace banyan {

class CommandQueue {
  public:
    using Command = std::function<void()>;

    /** False: closed, the command was not taken. */
    bool post(Command command);

    /** The same, and nothing can be posted behind it. */
    bool post_last(Command command);

    /** Takes what is there. Waits for something at most `patience` (negative: as long as it takes). */
    std::vector<Command> take(std::chrono::microseconds patience);

    /** Something can be taken. Costs no lock: it is asked thousands of times a step. */
    bool any() const { return any_.load(std::memory_order_relaxed); }

  private:
    std::mutex mutex_;
    std::condition_variable posted_;
    std::vector<Command> commands_;
    std::atomic<bool> any_{false};
    bool closed_ = false;
};

}  // namespace banyan
