// A draft model is loaded: what it must be to draft for another, said before the first request.
#include "runner/drafting/draft-runner.h"
#include "runner/drafting/same-vocabulary.h"
#include "runner/embedding/pooling.h"
#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/model.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr const char * kField = "draftModel";

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

}  // namespace

std::unique_ptr<DraftRunner> DraftRunner::load(const std::string & path, const Model & model,
                                               const RunnerOptions & options, const RunnerInfo & runner,
                                               int32_t gpu_layers, const std::function<void(float)> & progress,
                                               const std::atomic<bool> & abort, const std::atomic<bool> & abort_step) {
    return of_draft_model([&] {
        auto draft = Model::load(path, {gpu_layers}, progress, abort);
        check_kind(*draft);
        const std::string difference = vocabulary_difference(model, *draft);
        if (!difference.empty()) {
            throw Error("INVALID_OPTION", path + " has another vocabulary than " + model.info().path + ": " +
                                              difference + ". Pass a smaller model of the same family");
        }
        RunnerOptions own;
        own.threads = options.threads;
        own.kv_tokens = int64_t{runner.n_pages} * options.page_tokens;
        own.page_tokens = options.page_tokens;
        own.max_running = options.max_running;
        own.max_batch_tokens = options.max_batch_tokens;
        own.device_sampling = Choice::off;
        // The model's pool is reserved, and not yet in memory: it is no room for this one's.
        const int64_t needed = own.kv_tokens * kv_bytes_per_token(*draft, own.type_k, own.type_v);
        const int64_t reserved = runner.backend == "CPU" ? runner.n_pages * runner.page_bytes : 0;
        const int64_t free = free_kv_memory(*draft);
        if (free > 0 && needed > free - reserved) {
            throw Error("OUT_OF_MEMORY", "its KV pool needs " + std::to_string(needed >> 20) + " MiB, " +
                                             std::to_string(std::max<int64_t>(0, free - reserved) >> 20) +
                                             " are free beside the model's: give fewer kvTokens");
        }
        auto own_runner = std::make_unique<Runner>(draft, own, abort_step);
        const int32_t vocabulary = std::min(model.info().vocab_size, draft->info().vocab_size);
        return std::unique_ptr<DraftRunner>(
            new DraftRunner(std::move(draft), std::move(own_runner), options, vocabulary));
    });
}

}  // namespace banyan
