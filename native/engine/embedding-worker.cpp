#include "engine/embedding-worker.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/worker.h"
#include "runner/error.h"

namespace banyan {

EmbeddingWorker::EmbeddingWorker(std::unique_ptr<Embedder> embedder) : embedder_(std::move(embedder)) {}

void EmbeddingWorker::submit(RequestId id, TenantId tenant, EmbeddingOptions options) {
    std::vector<int32_t> lengths;
    for (const std::vector<Token> & text : options.texts) lengths.push_back(static_cast<int32_t>(text.size()));
    const auto live = std::make_shared<Live>();
    live->usage.submitted = Worker::now();
    for (const int32_t length : lengths) live->usage.prompt_tokens += length;
    live->usage.miss.reason = MissExplanation::Reason::reuse_off;
    live->usage.miss.prompt_tokens = live->usage.prompt_tokens;
    queue_.add(id, options.cls, tenant, options.tenant_weight, std::move(lengths));
    live->options = std::move(options);
    live_.emplace(id, live);
    ++submitted_;
}

void EmbeddingWorker::cancel(RequestId id) {
    if (live_.count(id) == 0) return;
    ++cancelled_;
    finish(id, FinishReason::cancelled);
}

void EmbeddingWorker::cancel_all() {
    while (!live_.empty()) cancel(live_.begin()->first);
}

void EmbeddingWorker::fail_all(const std::string & message) {
    if (computing_) {
        broken_ = message;  // the step ends first
        return;
    }
    while (!live_.empty()) fail(live_.begin()->first, "INTERNAL", message);
}

void EmbeddingWorker::listen(std::function<bool()> hear) {
    embedder_->listen([this, hear = std::move(hear)] {
        try {
            if (!hear()) return false;
            return broken_ ||
                   std::none_of(computing_->begin(), computing_->end(), [&](const Job & job) { return wanted(job); });
        } catch (const std::exception & e) {
            broken_ = e.what();
            return true;
        }
    });
}

std::optional<EmbeddingWorker::Job> EmbeddingWorker::taken(std::optional<EmbeddingQueue::Text> text,
                                                           int32_t slot) const {
    if (!text) return std::nullopt;
    return Job{*text, live_.at(text->request), slot, 0, text->n_tokens};
}

std::vector<EmbeddingWorker::Job> EmbeddingWorker::next_batch() {
    const EmbedderInfo & info = embedder_->info();
    if (long_ && !wanted(*long_)) {
        embedder_->release(long_->slot);
        long_.reset();
    }
    if (!long_) long_ = taken(queue_.take(info.max_tokens, info.batch_tokens), 0);
    std::vector<Job> batch;
    if (!long_ || others_turn_) {
        int32_t room = info.batch_tokens;  // of the first text; those that join it share packed_tokens with it
        int32_t n_tokens = 0;
        for (int32_t slot = 1; slot <= info.batch_texts && room > 0; ++slot) {
            const std::optional<Job> job = taken(queue_.take(room), slot);
            if (!job) break;
            n_tokens += job->n;
            room = info.packed_tokens - n_tokens;
            batch.push_back(*job);
        }
    }
    others_turn_ = !others_turn_;
    if (batch.empty() && long_) {
        long_->n = std::min(info.batch_tokens, long_->text.n_tokens - long_->from);
        batch.push_back(*long_);
    }
    return batch;
}

bool EmbeddingWorker::step(const std::atomic<bool> & aborted) {
    const Micros started = Worker::now();
    const std::vector<Job> batch = next_batch();
    if (batch.empty()) return false;
    std::vector<EmbeddingPiece> pieces;
    for (const Job & job : batch) {
        Usage & usage = job.live->usage;
        if (usage.admitted == 0) usage.admitted = started;
        pieces.push_back({job.slot, job.live->options.texts[job.text.index].data() + job.from, job.n, job.from});
    }
    computing_ = &batch;
    const bool computed = embedder_->run(pieces);
    computing_ = nullptr;
    if (!computed && long_ && batch.front().slot == long_->slot) long_.reset();
    if (broken_) {
        fail_all(*std::exchange(broken_, std::nullopt));
        return true;
    }
    if (!computed && aborted) return false;
    for (const Job & job : batch) {
        if (!wanted(job)) continue;
        if (computed) {
            deliver(job);
        } else {
            fail(job.text.request, "STEP_FAILED", "the model could not compute this text");
        }
    }
    ++steps_;
    in_steps_ += Worker::now() - started;
    times_.add(Worker::now() - started);
    return true;
}

/** What a batch gave for a text: its vector, or a beginning of it. */
void EmbeddingWorker::deliver(const Job & job) {
    const auto & [request, index, n_tokens] = job.text;
    const auto live = job.live;
    live->usage.computed_tokens += job.n;
    tokens_ += static_cast<uint64_t>(job.n);
    if (job.from + job.n < n_tokens) {
        long_->from += job.n;
        return;
    }
    try {
        const EmbeddingOptions & options = live->options;
        const int32_t size = options.dimensions > 0 ? options.dimensions : embedder_->info().size;
        events_.push_back(
            {request, EmbeddingEvent{index, finished_vector(embedder_->vector(job.slot), size, options.normalize)}});
    } catch (const Error & e) {
        fail(request, e.code, e.what());
    }
    if (job.slot == 0) long_.reset();
    embedder_->release(job.slot);
    ++texts_;
    if (++live->done == live->options.texts.size() && live_.count(request) > 0) {
        ++finished_;
        finish(request, FinishReason::stop);
    }
}

void EmbeddingWorker::finish(RequestId id, FinishReason reason) {
    const auto found = live_.find(id);
    found->second->usage.ended = Worker::now();
    events_.push_back({id, FinishEvent{reason, found->second->usage, {}}});
    queue_.remove(id);
    live_.erase(found);
}

void EmbeddingWorker::fail(RequestId id, const std::string & code, const std::string & message) {
    queue_.remove(id);
    live_.erase(id);
    events_.push_back({id, ErrorEvent{code, message}});
}

std::vector<Event> EmbeddingWorker::take_events() {
    return std::exchange(events_, {});
}

void EmbeddingWorker::count_into(EngineStats & stats) const {
    const auto computing = [&](const auto & one) { return one.second->usage.admitted > 0; };
    SchedulerStats & counts = stats.scheduler;
    counts.pages_total = counts.pages_free = 0;
    counts.running = static_cast<int32_t>(std::count_if(live_.begin(), live_.end(), computing));
    counts.waiting = static_cast<int32_t>(live_.size()) - counts.running;
    counts.steps = steps_;
    counts.submitted = submitted_;
    counts.finished = finished_;
    counts.cancelled = cancelled_;
    counts.prompt_tokens = counts.prefill_tokens = tokens_;
    stats.embedded_texts = static_cast<double>(texts_);
    stats.step_ms = static_cast<double>(in_steps_) / 1000;
    stats.step = times_.quantiles();
}

}  // namespace banyan
