// Work that may never come back, as a call into a dead network disk does: on a thread that can be left behind.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "store/io-threads.h"

namespace banyan::store {

/**
 * What `work` gives, or throws. nullopt: `enough` said so before it ended; the thread then goes on with what `work`
 * owns, which must be all that it touches. `enough` is asked every few milliseconds.
 */
template <typename Result>
std::optional<Result> run_apart(std::function<Result()> work, const std::function<bool()> & enough) {
    std::packaged_task<Result()> task(std::move(work));
    std::future<Result> result = task.get_future();
    std::thread([task = std::move(task)]() mutable {
        block_signals();  // a limit on file sizes is an error then, not the process's end
        task();
    }).detach();
    while (result.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
        if (enough()) return std::nullopt;
    }
    return result.get();
}

}  // namespace banyan::store
