// A head that drafts, an EAGLE-3 head or the model's MTP layer: a layer that reads, beside each token, the hidden state
// that the model had at the token before.
//
// Owns: a context on a pool of as many pages as the model's, the hidden states of their tokens, the head's own for the
// token that it drafted last. Changed by: what is not const. Thread: made anywhere, then the engine thread.
// Invariant: what it reads of a page was computed by the model for the path that the page holds now. What came from
// elsewhere than a step has no hidden states: no request drafts with a head behind such a page.
#pragma once

#include <atomic>
#include <memory>

#include "runner/drafting/draft-reader.h"
#include "runner/drafting/head-shape.h"
#include "runner/runner.h"

namespace banyan {

class HeadReader final : public DraftReader {
  public:
    /**
     * head: a file of its own, or the model itself. For what `model` computes, whose pool has options.kv_tokens; from now
     * on it tells what the head reads. Throws Error OUT_OF_MEMORY, MODEL_UNSUPPORTED, MODEL_INVALID. `abort` ends a run
     * under way.
     */
    HeadReader(std::shared_ptr<const Model> head, const HeadShape & shape, Runner & model,
               const RunnerOptions & options, const std::atomic<bool> & abort);
    ~HeadReader() override;

    const Model & model() const override { return *head_; }
    int64_t pool_bytes() const override;
    int32_t shift() const override;
    /** Of what it drafted it had no hidden states of the model, but its own. */
    bool keeps_drafts() const override { return false; }

    bool run(const Batch & batch) override;
    const float * logits(size_t row) const override;
    void release(SlotId slot) override;

    bool can_read(const PageId * pages, int32_t begin, int32_t end) const override;
    void follow(const Batch & step) override;
    void forget(PageId page) override;
    void hear(const Batch & step, Runner & model) override;

  private:
    /** One token through all of it, on this thread alone: what does not fit fails here, not in a request. */
    void probe();

    struct Impl;
    std::shared_ptr<const Model> head_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
