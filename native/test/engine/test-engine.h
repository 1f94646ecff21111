// An Engine on a small random model (BANYAN_TEST_MODEL), its events sorted by request.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "check.h"
#include "engine/engine.h"
#include "error-code.h"

namespace banyan::test {

inline std::string model_path() {
    const char * path = std::getenv("BANYAN_TEST_MODEL");
    if (path) return path;
    std::fprintf(stderr, "BANYAN_TEST_MODEL is not set: run this through ctest\n");
    std::exit(1);
}

inline EngineOptions small_engine() {
    EngineOptions options;
    options.model_path = model_path();
    options.gpu_layers = 0;
    options.runner.threads = 1;
    options.runner.kv_tokens = 2048;
    options.runner.page_tokens = 16;
    options.runner.max_running = 8;
    options.runner.max_batch_tokens = 128;
    return options;
}

/** How a request went. */
struct Outcome {
    std::vector<Token> tokens;
    std::string text;
    std::vector<TokenLogprob> logprobs, prompt_logprobs;
    std::vector<ToolCall> tool_calls;
    FinishReason reason = FinishReason::error;
    Usage usage;
    ChatMessage message;
    std::string error;  // code
    int ends = 0;       // finish or error events
    int first = 0;      // the number of its first event among all of the engine, from 1; 0: none yet
    int last = 0;
};

class TestEngine {
  public:
    explicit TestEngine(const EngineOptions & options = small_engine())
        : engine(Engine::load(options, nullptr, never)) {
        engine->start([this](std::vector<Event> && events) { receive(events); });
    }

    /** Waits for the request's end. */
    Outcome wait(RequestId id) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return outcomes_[id].ends > 0; });
        return outcomes_[id];
    }

    /** Waits until the request has at least n tokens, or ended. */
    void wait_tokens(RequestId id, size_t n) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return outcomes_[id].ends > 0 || outcomes_[id].tokens.size() >= n; });
    }

    Outcome run(RequestOptions options) { return wait(engine->submit(std::move(options))); }

    /** The answer of a command that calls back on the engine thread. */
    template <typename T, typename Ask>
    T ask(Ask ask) {
        std::mutex mutex;
        std::condition_variable answered;
        bool done = false;
        T result{};
        ask([&](T value) {
            const std::lock_guard<std::mutex> lock(mutex);
            result = std::move(value);
            done = true;
            answered.notify_all();
        });
        std::unique_lock<std::mutex> lock(mutex);
        answered.wait(lock, [&] { return done; });
        return result;
    }

    EngineStats stats() {
        return ask<EngineStats>([&](auto done) { engine->stats(done); });
    }
    /** Sentences on the disk so far, once there are so many. */
    std::vector<std::string> told(size_t least = 0) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return told_.size() >= least; });
        return told_;
    }
    std::string integrity() {
        return ask<std::string>([&](auto done) { engine->check_integrity(done); });
    }

    void close() {
        ask<bool>([&](auto done) { engine->close([done] { done(true); }); });
    }

    static inline const std::atomic<bool> never{false};
    std::unique_ptr<Engine> engine;

  private:
    void receive(const std::vector<Event> & events) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const Event & event : events) {
            if (const auto * decision = std::get_if<DecisionEvent>(&event.what)) {
                if (const auto * disk = std::get_if<decision::Disk>(&decision->decision.what)) told_.push_back(disk->what);
                continue;
            }
            Outcome & out = outcomes_[event.request];
            CHECK_EQ(out.ends, 0);
            out.last = ++n_events_;
            if (out.first == 0) out.first = n_events_;
            out.ends += event.last();
            if (const auto * tokens = std::get_if<TokensEvent>(&event.what)) {
                out.tokens.insert(out.tokens.end(), tokens->tokens.begin(), tokens->tokens.end());
                out.text += tokens->text;
                out.logprobs.insert(out.logprobs.end(), tokens->logprobs.begin(), tokens->logprobs.end());
            } else if (const auto * call = std::get_if<ToolCallEvent>(&event.what)) {
                CHECK_EQ(static_cast<size_t>(call->index), out.tool_calls.size());
                out.tool_calls.push_back(call->call);
            } else if (const auto * scores = std::get_if<PromptLogprobsEvent>(&event.what)) {
                CHECK(out.tokens.empty());
                out.prompt_logprobs.insert(out.prompt_logprobs.end(), scores->logprobs.begin(), scores->logprobs.end());
            } else if (const auto * finish = std::get_if<FinishEvent>(&event.what)) {
                out.reason = finish->reason;
                out.usage = finish->usage;
                out.message = finish->message;
            } else if (const auto * error = std::get_if<ErrorEvent>(&event.what)) {
                out.error = error->code;
            }
        }
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<RequestId, Outcome> outcomes_;
    std::vector<std::string> told_;
    int n_events_ = 0;
};

/** n tokens that depend on the seed, none of them special. */
inline std::vector<Token> prompt(int n, int seed = 0) {
    std::vector<Token> tokens;
    for (int i = 0; i < n; ++i) tokens.push_back(10 + (i * 31 + seed * 17 + (i * i * (seed + 3)) % 13) % 200);
    return tokens;
}

inline RequestOptions request(std::vector<Token> tokens, int32_t max_tokens = 8) {
    RequestOptions options;
    options.prompt = std::move(tokens);
    options.max_tokens = max_tokens;
    options.ignore_eos = true;
    return options;
}

}  // namespace banyan::test
