// A draft model or a head is loaded: what it must be to draft for another, said before the first request.
#include "runner/drafting/draft-runner.h"
#include "runner/drafting/head-reader.h"
#include "runner/drafting/hidden-states.h"
#include "runner/drafting/same-vocabulary.h"
#include "runner/embedding/pooling.h"
#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/model.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr const char * kField = "draftModel";

/** A whole model, on a runner of its own. */
class ModelReader final : public DraftReader {
  public:
    ModelReader(std::shared_ptr<const Model> model, std::unique_ptr<Runner> runner)
        : model_(std::move(model)), runner_(std::move(runner)) {}

    const Model & model() const override { return *model_; }
    int64_t pool_bytes() const override { return runner_->info().n_pages * runner_->info().page_bytes; }
    bool run(const Batch & batch) override { return runner_->run(batch); }
    const float * logits(size_t row) const override { return runner_->logits(row); }
    void release(SlotId slot) override { runner_->release(slot); }

  private:
    std::shared_ptr<const Model> model_;
    std::unique_ptr<Runner> runner_;
};

/** What goes wrong with the draft model names its option. */
template <typename Make>
auto of_draft_model(Make make) {
    try {
        return make();
    } catch (const Error & e) {
        throw Error(e.code, std::string("the draft model: ") + e.what(), kField);
    }
}

void check_kind(const Model & draft) {
    const Architecture & paging = draft.info().paging;
    const bool generates =
        paging.path != AttentionPath::encoder && pooling_of(draft, PoolingChoice::automatic) == Pooling::none;
    if (!generates) throw Error("MODEL_UNSUPPORTED", draft.info().path + " is an embedding model: it drafts no text");
    if (paging.path == AttentionPath::stock || paging.states) {
        throw Error("MODEL_UNSUPPORTED", draft.info().path + ": " + draft.info().architecture + " cannot draft: " +
                                             (paging.states ? "its recurrent state cannot go back" : paging.reason));
    }
}

/** needed: bytes a token. The model's pool is reserved, and not yet in memory: it is no room for this one's. */
void check_memory(const Model & draft, const RunnerInfo & runner, int64_t n_tokens, int64_t needed) {
    const int64_t bytes = n_tokens * needed;
    const int64_t reserved = runner.backend == "CPU" ? runner.n_pages * runner.page_bytes : 0;
    const int64_t free = free_kv_memory(draft);
    if (free <= 0 || bytes <= free - reserved) return;
    throw Error("OUT_OF_MEMORY", "its pool needs " + std::to_string(bytes >> 20) + " MiB, " +
                                     std::to_string(std::max<int64_t>(0, free - reserved) >> 20) +
                                     " are free beside the model's: give fewer kvTokens");
}

/** Of the same vocabulary as the model. */
std::shared_ptr<const Model> load_file(const std::string & path, const Model & model, int32_t gpu_layers,
                                       const std::function<void(float)> & progress, const std::atomic<bool> & abort) {
    WeightOptions weights;
    weights.gpu_layers = gpu_layers;
    weights.head = true;
    auto draft = Model::load(path, weights, progress, abort);
    if (draft->info().paging.path != AttentionPath::head) check_kind(*draft);
    const std::string difference = vocabulary_difference(model, *draft);
    if (difference.empty()) return draft;
    throw Error("INVALID_OPTION", path + " has another vocabulary than " + model.info().path + ": " + difference +
                                      ". Pass a smaller model of the same family");
}

}  // namespace

std::unique_ptr<DraftRunner> DraftRunner::load(const std::string & path, const std::shared_ptr<const Model> & model,
                                               const RunnerOptions & options, Runner & runner, int32_t gpu_layers,
                                               const std::function<void(float)> & progress,
                                               const std::atomic<bool> & abort, const std::atomic<bool> & abort_step) {
    return of_draft_model([&] {
        const bool mtp = path == kMtp;
        auto draft = mtp ? model : load_file(path, *model, gpu_layers, progress, abort);
        const bool is_head = mtp || draft->info().paging.path == AttentionPath::head;
        const HeadShape shape = mtp ? mtp_shape(*model) : is_head ? eagle_shape(*draft, *model) : HeadShape{};
        RunnerOptions own;
        own.threads = options.threads;
        own.kv_tokens = int64_t{runner.info().n_pages} * options.page_tokens;
        own.page_tokens = options.page_tokens;
        own.max_running = options.max_running;
        own.max_batch_tokens = options.max_batch_tokens;
        own.device_sampling = Choice::off;
        const auto kv_bytes = mtp ? mtp_bytes_per_token : kv_bytes_per_token;
        check_memory(*draft, runner.info(), own.kv_tokens,
                     kv_bytes(*draft, own.type_k, own.type_v) + HiddenStates::bytes(1, shape.width));
        const int32_t vocabulary = std::min(model->info().vocab_size, draft->info().vocab_size);
        std::unique_ptr<DraftReader> reader;
        if (is_head) {
            reader = std::make_unique<HeadReader>(std::move(draft), shape, runner, own, abort_step);
        } else {
            auto own_runner = std::make_unique<Runner>(draft, own, abort_step);
            reader = std::make_unique<ModelReader>(std::move(draft), std::move(own_runner));
        }
        return std::unique_ptr<DraftRunner>(
            new DraftRunner(std::move(reader), options, runner.info().n_pages, vocabulary));
    });
}

}  // namespace banyan
