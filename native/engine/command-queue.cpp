#include "engine/command-queue.h"

#include <utility>

namespace banyan {

bool CommandQueue::post(Command command) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (closed_) return false;
        commands_.push_back(std::move(command));
        any_ = true;
    }
    posted_.notify_one();
    return true;
}

bool CommandQueue::post_last(Command command) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (closed_) return false;
        closed_ = true;
        commands_.push_back(std::move(command));
        any_ = true;
    }
    posted_.notify_one();
    return true;
}

std::vector<CommandQueue::Command> CommandQueue::take(std::chrono::microseconds patience) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto something = [this] { return !commands_.empty(); };
    if (patience.count() < 0) {
        posted_.wait(lock, something);
    } else if (patience.count() > 0) {
        posted_.wait_for(lock, patience, something);
    }
    any_ = false;
    return std::exchange(commands_, {});
}

}  // namespace banyan
