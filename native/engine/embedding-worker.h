// What the engine thread of an embedding model does: batches of waiting texts, and the vectors that come of them.
//
// Owns: the embedder, live requests, events not yet taken. Changed by: submit, cancel, step. Thread: the engine thread
// only; no locks. Invariant: every submitted request ends with exactly one finish or error; a step computes one batch,
// so that a long list delays no other caller by more than that.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/embedding-queue.h"
#include "engine/event.h"
#include "engine/options.h"
#include "runner/embedding/embedder.h"

namespace banyan {

class EmbeddingWorker {
  public:
    explicit EmbeddingWorker(std::unique_ptr<Embedder> embedder);

    // These also in the midst of a step: see listen().

    /** options: checked. */
    void submit(RequestId id, TenantId tenant, EmbeddingOptions options);
    /** Ends the request with finish (cancelled). Nothing happens when it is not live. */
    void cancel(RequestId id);
    void cancel_all();
    /** All live requests end with `error` INTERNAL. */
    void fail_all(const std::string & message);

    /** See Worker::listen. */
    void listen(std::function<bool()> hear);

    /** One batch. False: nothing to do, or `aborted` ended it. */
    bool step(const std::atomic<bool> & aborted);

    std::vector<Event> take_events();
    bool idle() const { return live_.empty(); }
    /** Puts its counters in the place of the scheduler's, which has nothing to count. */
    void count_into(EngineStats & stats) const;

  private:
    struct Live {
        EmbeddingOptions options;
        Usage usage;
        size_t done = 0;  // texts
    };
    /** A text under way. */
    struct Job {
        EmbeddingQueue::Text text;
        std::shared_ptr<Live> live;  // its tokens stay while they are computed
        int32_t slot;
        int32_t from = 0;  // tokens that were computed
        int32_t n = 0;     // tokens of this batch
    };

    std::vector<Job> next_batch();
    std::optional<Job> taken(std::optional<EmbeddingQueue::Text> text, int32_t slot) const;
    bool wanted(const Job & job) const { return live_.count(job.text.request) > 0; }
    void deliver(const Job & job);
    void fail(RequestId id, const std::string & code, const std::string & message);
    void finish(RequestId id, FinishReason reason);

    std::unique_ptr<Embedder> embedder_;
    EmbeddingQueue queue_;
    std::unordered_map<RequestId, std::shared_ptr<Live>> live_;
    std::optional<Job> long_;   // a text that is read in pieces, in slot 0
    bool others_turn_ = false;  // pieces of a long text and batches of others take turns
    const std::vector<Job> * computing_ = nullptr;
    std::optional<std::string> broken_;  // why the step under way has to end
    std::vector<Event> events_;
    uint64_t steps_ = 0, submitted_ = 0, finished_ = 0, cancelled_ = 0, tokens_ = 0, texts_ = 0;
    Micros in_steps_ = 0;
    StepTimes times_;
};

}  // namespace banyan
