// Work that may never come back, as a call into a dead network disk does: on a thread that can be left behind.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "store/io-threads.h"

namespace banyan::store {

/**
 * What `work` gives. Throws std::runtime_error with what it threw. nullopt: `enough` said so before it ended; the
 * thread then goes on with what `work` owns, which must be all that it touches. `enough` is asked every few
 * milliseconds.
 */
template <typename Result>
std::optional<Result> run_apart(std::function<Result()> work, const std::function<bool()> & enough) {
    struct Outcome {
        std::optional<Result> result;
        std::string why;  // an exception stays on its thread: its memory would be freed there while it is read here
    };
    std::packaged_task<Outcome()> task([work = std::move(work)]() -> Outcome {
        try {
            return {work(), ""};
        } catch (const std::exception & e) {
            return {std::nullopt, e.what()};
        }
    });
    std::future<Outcome> outcome = task.get_future();
    std::thread([task = std::move(task)]() mutable {
        block_signals();  // a limit on file sizes is an error then, not the process's end
        task();
    }).detach();
    while (outcome.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
        if (enough()) return std::nullopt;
    }
    Outcome ended = outcome.get();
    if (!ended.result) throw std::runtime_error(ended.why);
    return std::move(ended.result);
}

}  // namespace banyan::store
