// One model, one thread: the thread-safe front of a Worker.
//
// Owns: the engine thread, model, chat templates. Thread: every method from any thread but start/stop/close, which one
// owner calls. Invariant: events of a request are published in order; nothing that a publisher does blocks a step for
// longer than the call itself.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "engine/command-queue.h"
#include "engine/event.h"
#include "engine/grammar-cache.h"
#include "engine/options.h"
#include "runner/chat/chat-templates.h"
#include "runner/decoder.h"

namespace banyan {

class DraftRunner;
class EmbeddingWorker;
struct EngineSnapshot;
class TierIo;
class Worker;

class Engine {
  public:
    using Publish = std::function<void(std::vector<Event> &&)>;

    /**
     * Loads model and context on this thread; progress gets [0, 1]. Throws Error (see Model::load, Runner and
     * ChatTemplates); `abort` ends it soon.
     */
    static std::unique_ptr<Engine> load(const EngineOptions & options, const std::function<void(float)> & progress,
                                        const std::atomic<bool> & abort);
    ~Engine();

    /** Starts the thread. `publish` is called on it, after steps and commands, and must not throw. Once, before the
     * rest. */
    void start(Publish publish);

    const EngineInfo & info() const { return info_; }
    /** Of the pool: what has been written at some time. The rest of its pages is only reserved. */
    int64_t pool_used_bytes() const { return *touched_pages_ * info_.runner.page_bytes; }

    /** Throws Error INVALID_OPTION, PROMPT_TOO_LONG, INVALID_SCHEMA, INVALID_GRAMMAR, MODEL_UNSUPPORTED, CLOSED. */
    RequestId submit(RequestOptions options);
    /** Reads an answer that another engine samples; its tokens are accepted. Throws as submit. */
    std::unique_ptr<Decoder> read_answer(const RequestOptions & options) const;
    /** Throws Error INVALID_OPTION, PROMPT_TOO_LONG, MODEL_UNSUPPORTED, CLOSED. */
    RequestId embed(EmbeddingOptions options);
    /** False: not known (any more). Else its finish event follows at once; on a GPU, which ends no step early, after
     * it. */
    bool cancel(RequestId id);

    /** Advice for the scheduler, before the next step. Throws Error INVALID_OPTION, CLOSED. */
    void hint(ProgramId program, HintOptions options);
    /** Decision events from the next step on, or none. Throws Error CLOSED. */
    void set_decisions(bool on);

    // Answered on the engine thread, on a CPU also in the midst of a step. Throw Error CLOSED.
    void explain(const std::string & salt, std::vector<Token> tokens, std::function<void(MissExplanation)> done);
    void pin(const std::string & salt, std::vector<Token> tokens, Micros ttl, double share,
             std::function<void(uint64_t id, int32_t tokens)> done);
    void unpin(uint64_t id, std::function<void(bool)> done);
    void clear_cache(std::function<void(int32_t pages)> done);
    /** nullopt: nothing is known of it (any more). */
    void program(ProgramId program, std::function<void(std::optional<ProgramReport>)> done);
    void stats(std::function<void(EngineStats)> done);
    /** What is held and what waits, and the steps after that number; of at most so many nodes. */
    void snapshot(int32_t nodes, uint64_t since_step, std::function<void(EngineSnapshot)> done);
    void check_integrity(std::function<void(std::string)> done);

    /** Cancels what runs, publishes its events, frees KV and weights, then `done` as the thread's last act. False: was
     * closed. */
    bool close(std::function<void()> done);
    /** Ends the thread now, in the middle of a step if need be; nothing is published any more. Idempotent. */
    void stop();

    // Outlive close(): shared with workers that tokenize and render.
    std::shared_ptr<const Model> model() const { return model_; }
    std::shared_ptr<const ChatTemplates> chat_templates() const { return chat_templates_; }
    std::shared_ptr<GrammarCache> grammars() const { return grammars_; }

  private:
    Engine() = default;
    void draft_by(std::unique_ptr<DraftRunner> drafts, const std::atomic<bool> & abort);
    void load_embedder(const EngineOptions & options);
    void load_nothing(const EngineOptions & options);
    void schedule_nothing();
    void tell_templates();
    void run(Publish publish);
    /** Runs what was posted; waits for it as long as that. False: nothing was. */
    bool obey(std::chrono::microseconds patience);
    void post(std::function<void()> command);
    Salt intern(const std::string & salt);
    /** The key before the tenant's first pages; nullopt: no page is kept outside the pool. */
    std::optional<PageKey> root_of(const std::string & salt) const;
    /** Makes the page store, or says in info_ why there is none. */
    void open_tiers(const CacheOptions & options, const RunnerInfo & runner);
    /** As a decision: at the start, and to each who begins to listen. */
    void tell_store_failure();
    void check(const RequestOptions & options) const;
    DecoderOptions decoding_of(const RequestOptions & options) const;
    /** `samples` false: another engine does, and its tokens are read. */
    std::unique_ptr<Decoder> decoder_of(const RequestOptions & options, bool samples) const;
    void check(const EmbeddingOptions & options) const;
    RequestId next_id();
    bool idle() const;
    void publish_events(const Publish & publish);

    std::shared_ptr<const Model> model_;
    std::shared_ptr<const ChatTemplates> chat_templates_;
    std::shared_ptr<GrammarCache> grammars_;
    EngineInfo info_;
    std::shared_ptr<const std::atomic<int32_t>> touched_pages_;
    // The engine thread's. An embedding model has the second too, and nothing for the first to do.
    std::unique_ptr<Worker> worker_;
    std::unique_ptr<EmbeddingWorker> embedding_;
    std::shared_ptr<TierIo> tiers_;  // nullptr: no page is kept outside the pool
    std::string store_failure_;      // '', or why the page store could not be opened
    CommandQueue commands_;
    std::thread thread_;
    std::atomic<bool> abort_{false};       // the thread ends, nothing is published any more
    std::atomic<bool> abort_step_{false};  // the running step ends, its results are dropped
    bool vocabulary_only_ = false;
    bool closing_ = false;  // the engine thread's, like the next
    std::function<void()> after_close_;

    std::mutex mutex_;  // guards what follows
    RequestId next_id_ = 1;
    std::unordered_set<RequestId> live_;
    LruCache<const Salt> salts_{1 << 16};  // by the tenant's name
    Salt last_salt_ = 0;
};

}  // namespace banyan
