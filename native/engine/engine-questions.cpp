// What is asked of a running engine beside its requests: hints, pins, what is cached and why not, numbers. Each is
// posted to the engine thread; `done` is called there.
#include "engine/embedding-worker.h"
#include "engine/engine-snapshot.h"
#include "engine/engine.h"
#include "engine/worker.h"
#include "runner/error.h"

namespace banyan {

void Engine::hint(ProgramId program, HintOptions options) {
    options.hint.salt = intern(options.salt);
    options.hint.root = root_of(options.salt);
    switch (validate(options.hint)) {
        case HintError::bad_tool_name:
            throw Error("INVALID_OPTION", "a tool's name has at most " + std::to_string(kMaxToolName) + " bytes",
                        "tool");
        case HintError::bad_tokens:
            throw Error("INVALID_OPTION", "this hint needs tokens, and more than from", "tokens");
        case HintError::bad_steps:
            throw Error("INVALID_OPTION", "steps must be in [1, " + std::to_string(kMaxHintSteps) + "]", "steps");
        case HintError::bad_expected:
            throw Error("INVALID_OPTION", "the expected time is no time", "expectedMs");
        default:
            break;
    }
    // What does not fit the program's state (a tool that was never started) is no more than useless advice.
    post([this, program, hint = std::move(options.hint)] {
        worker_->scheduler().hint(program, hint, Worker::now());
        worker_->settle_tiers();  // what it asks for is read now: an idle engine has no step to wait for
    });
}

void Engine::set_decisions(bool on) {
    post([this, on] {
        worker_->set_decisions(on);
        if (on) tell_store_failure();
    });
}

void Engine::explain(const std::string & salt, std::vector<Token> tokens, std::function<void(MissExplanation)> done) {
    post([this, root = root_of(salt), salt = intern(salt), tokens = std::move(tokens), done] {
        done(worker_->scheduler().explain(salt, tokens, root));
    });
}

void Engine::pin(const std::string & salt, std::vector<Token> tokens, Micros ttl, double share,
                 std::function<void(uint64_t, int32_t)> done) {
    post([this, salt = intern(salt), tokens = std::move(tokens), ttl, share, done] {
        uint64_t id = 0;
        const int32_t pinned = worker_->scheduler().pin(salt, tokens, Worker::now() + ttl, &id, share);
        done(pinned > 0 ? id : 0, pinned);
    });
}

void Engine::unpin(uint64_t id, std::function<void(bool)> done) {
    post([this, id, done] { done(worker_->scheduler().unpin(id)); });
}

void Engine::clear_cache(std::function<void(int32_t)> done) {
    post([this, done] { done(worker_->scheduler().clear_cache()); });
}

void Engine::program(ProgramId program, std::function<void(std::optional<ProgramReport>)> done) {
    post([this, program, done] { done(worker_->scheduler().program(program)); });
}

void Engine::stats(std::function<void(EngineStats)> done) {
    post([this, done] {
        EngineStats stats = worker_->stats();
        if (!store_failure_.empty()) stats.disk.error = store_failure_;
        if (embedding_) embedding_->count_into(stats);
        done(stats);
    });
}

void Engine::snapshot(int32_t nodes, uint64_t since_step, std::function<void(EngineSnapshot)> done) {
    post([this, nodes, since_step, done] {
        SnapshotLimits limits;
        limits.nodes = nodes;
        const Micros begun = Worker::now();
        EngineSnapshot out{worker_->scheduler().snapshot(limits, begun), worker_->steps_since(since_step)};
        out.at = begun;
        out.took = Worker::now() - begun;
        done(std::move(out));
    });
}

void Engine::check_integrity(std::function<void(std::string)> done) {
    post([this, done] { done(worker_->scheduler().check_integrity()); });
}

}  // namespace banyan
