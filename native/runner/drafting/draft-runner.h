// A draft model, or a head of the model that drafts: on a context of its own, whose pool has a page for each page of
// the model's pool, under the same number.
//
// Owns: what reads for it, how far that has read each page, the drafts whose tokens are not decided. Changed by: what is
// not const. Thread: made anywhere, then the engine thread. Invariant: what it drafts depends on the tokens before only
// (but see PageReads where a head's cells depend on the token after); a page that has become another's, or came from
// disk, counts as not read.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/drafts/draft-model.h"
#include "runner/drafting/draft-reader.h"
#include "runner/drafting/page-reads.h"
#include "runner/runner.h"

namespace banyan {

class DraftRunner final : public DraftModel {
  public:
    /** In place of a path: the model's own MTP layer drafts. The model must have been loaded with it. */
    static constexpr const char * kMtp = "mtp";

    /**
     * Loads the draft model, or the head, for a model that was loaded with these options, and has this runner, which from
     * now on tells a head what it reads. Throws Error with field draftModel: as Model::load and Runner do;
     * INVALID_OPTION where it has another vocabulary or was made for another model, MODEL_UNSUPPORTED where its memory
     * is no pages, it generates no text, or the model does not tell what it reads.
     */
    static std::unique_ptr<DraftRunner> load(const std::string & path, const std::shared_ptr<const Model> & model,
                                             const RunnerOptions & options, Runner & runner, int32_t gpu_layers,
                                             const std::function<void(float)> & progress,
                                             const std::atomic<bool> & abort, const std::atomic<bool> & abort_step);
    ~DraftRunner() override;

    /** To be measured before the first request; what is written lies in pages that count as not read. */
    DraftReader & reader() { return *reader_; }
    /** The page came from elsewhere than a step. */
    void forget(PageId page);
    /** The model has computed the step. */
    void hear(const Batch & step, Runner & model) { reader_->hear(step, model); }

    void follow(const Batch & step) override;
    void take_page(PageId page) override { forget(page); }
    int32_t unread(const ModelRow & row) override;
    ModelDrafts draft(const std::vector<ModelRow> & rows, int32_t depth) override;

  private:
    DraftRunner(std::unique_ptr<DraftReader> reader, const RunnerOptions & options, int32_t n_pages,
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

    std::unique_ptr<DraftReader> reader_;
    PageReads reads_;
    int32_t shift_;  // see DraftReader
    int32_t page_tokens_, capacity_;
    int32_t vocabulary_;                // tokens that both models have
    std::vector<Undecided> undecided_;  // by slot
};

}  // namespace banyan
