// A draft model on a context of its own, whose pool has a page for each page of the model's pool, under the same
// number.
//
// Owns: the draft model's runner, how far it has read each page, the drafts whose tokens are not decided. Changed by:
// what is not const. Thread: made anywhere, then the engine thread. Invariant: what it drafts depends on the tokens
// before only; a page that has become another's, or came from disk, counts as not read.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/drafts/draft-model.h"
#include "runner/drafting/page-reads.h"
#include "runner/runner.h"

namespace banyan {

class DraftRunner final : public DraftModel {
  public:
    /**
     * Loads the draft model for a model that was loaded with these options, and has this runner. Throws Error with
     * field draftModel: as Model::load and Runner do; INVALID_OPTION where it has another vocabulary, MODEL_UNSUPPORTED
     * where its memory is no pages, or it generates no text.
     */
    static std::unique_ptr<DraftRunner> load(const std::string & path, const Model & model,
                                             const RunnerOptions & options, const RunnerInfo & runner,
                                             int32_t gpu_layers, const std::function<void(float)> & progress,
                                             const std::atomic<bool> & abort, const std::atomic<bool> & abort_step);
    ~DraftRunner() override;

    const Model & model() const { return *model_; }
    /** To be measured before the first request; what is written lies in pages that count as not read. */
    Runner & runner() { return *runner_; }
    /** The page came from elsewhere than a step. */
    void forget(PageId page) { reads_.forget(page); }

    void follow(const Batch & step) override;
    void take_page(PageId page) override { reads_.forget(page); }
    int32_t unread(const ModelRow & row) override;
    ModelDrafts draft(const std::vector<ModelRow> & rows, int32_t depth) override;

  private:
    DraftRunner(std::shared_ptr<const Model> model, std::unique_ptr<Runner> runner, const RunnerOptions & options,
                int32_t vocabulary);

    /** What was drafted for a slot's request in its last step. */
    struct Undecided {
        RequestId request = 0;
        int32_t from = 0;   // tokens before it
        int32_t steps = 0;  // that the request had since
        ModelDraft draft;
    };
    void decide(const ModelRow & row);
    bool read_all(const std::vector<ModelRow> & rows, ModelDrafts & out);
    bool draft_on(const std::vector<ModelRow> & rows, int32_t depth, ModelDrafts & out);
    bool run(const Batch & batch, ModelDrafts & out);
    void add_token(ModelDraft & draft, size_t row) const;

    std::shared_ptr<const Model> model_;
    std::unique_ptr<Runner> runner_;
    PageReads reads_;
    int32_t page_tokens_, capacity_;
    int32_t vocabulary_;                // tokens that both models have
    std::vector<Undecided> undecided_;  // by slot
};

}  // namespace banyan
