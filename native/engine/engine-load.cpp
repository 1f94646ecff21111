// What an engine is made of, by its options: model, pool, page store, draft model; what the scheduler is told of them.
#include <algorithm>

#include "engine/calibration.h"
#include "engine/embedding-worker.h"
#include "engine/engine.h"
#include "engine/exactness.h"
#include "engine/worker.h"
#include "runner/drafting/draft-runner.h"
#include "runner/error.h"
#include "tiers/tier-io.h"

namespace banyan {

namespace {

constexpr Micros kCalibration = 40'000;
// What reading a page is believed to take, until some were read.
constexpr Micros kPageRead = 100;
constexpr int64_t kDiskBytesPerMicro = 500;
// Bytes of pages under way to and from the disk: on a CPU the engine takes them in the midst of a step.
constexpr int64_t kUnderWay = 32 << 20, kUnderWayGpu = 512 << 20;

/** page_read: what reading one takes; 0: as many bytes as it has. Without pages that have any a state is the unit. */
TierConfig tiers_of(const RunnerInfo & runner, Micros page_read) {
    TierConfig tiers;
    tiers.pages = runner.page_bytes > 0;
    const int64_t unit = std::max<int64_t>(1, tiers.pages ? runner.page_bytes : runner.state_bytes);
    const int64_t bytes = runner.backend == "CPU" ? kUnderWay : kUnderWayGpu;
    tiers.most_reading = tiers.most_writing = static_cast<int32_t>(std::clamp<int64_t>(bytes / unit, 8, 128));
    tiers.page = page_read > 0 ? page_read : kPageRead + unit / kDiskBytesPerMicro;
    tiers.state_pages = static_cast<int32_t>((runner.page_bytes + runner.state_bytes + unit - 1) / unit);
    return tiers;
}

int32_t context_limit(const EngineOptions & options, const Model & model, const RunnerInfo & runner) {
    const int64_t pool = static_cast<int64_t>(runner.n_pages) * options.runner.page_tokens;
    const int64_t wanted = options.max_context > 0 ? options.max_context : model.info().context_train;
    return static_cast<int32_t>(std::min(pool, wanted));
}

/** Why tokens of this model are not drafted: '' they can be. */
std::string no_drafts(const RunnerInfo & runner) {
    if (runner.state_bytes > 0) return "the state of recurrent layers cannot go back to before a wrong draft";
    if (runner.attention == "stock") return "the model's memory is llama.cpp's own: wrong drafts would stay in it";
    if (runner.device_sampling) return "tokens are chosen on the device, one a step";
    return "";
}

}  // namespace

std::unique_ptr<Engine> Engine::load(const EngineOptions & options, const std::function<void(float)> & progress,
                                     const std::atomic<bool> & abort) {
    std::unique_ptr<Engine> engine(new Engine);
    const bool drafts = !options.draft_model.empty() && !options.vocabulary_only;
    const bool mtp = drafts && options.draft_model == DraftRunner::kMtp;
    const float share = drafts && !mtp ? 0.8f : 1.0f;  // of the progress; the rest is the draft model's
    const auto first = [&](float fraction) { progress(share * fraction); };
    WeightOptions weights{options.gpu_layers, options.vocabulary_only, options.runner.exact};
    weights.mtp = mtp;
    engine->model_ =
        Model::load(options.model_path, weights, progress ? std::function<void(float)>(first) : progress, abort);
    engine->chat_templates_ =
        std::make_shared<ChatTemplates>(engine->model_, options.chat_template, options.tool_format);
    engine->grammars_ = std::make_shared<GrammarCache>(engine->model_);
    EngineInfo & info = engine->info_;
    info.model = engine->model_->info();
    if (options.vocabulary_only) {
        engine->load_nothing(options);
        return engine;
    }
    info.pooling = pooling_of(*engine->model_, options.pooling);
    if (drafts && (info.pooling != Pooling::none || options.draft_tokens == DraftMode::off)) {
        const bool embeds = info.pooling != Pooling::none;
        throw Error("INVALID_OPTION",
                    embeds ? "an embedding model says nothing that could be drafted: leave the draft model out"
                           : "drafts are off: leave the draft model out, or set draftTokens to auto",
                    "draftModel");
    }
    if (info.pooling != Pooling::none) {
        engine->load_embedder(options);
        if (abort) throw Error("ABORTED", "the load was aborted");
        return engine;
    }
    RunnerOptions runner_options = options.runner;
    // Who names a draft model wants drafts, which need tokens that the host chooses.
    if (drafts) runner_options.device_sampling = Choice::off;
    auto runner = std::make_unique<Runner>(engine->model_, runner_options, engine->abort_step_);
    if (options.runner.exact) check_exactness(*runner, *engine->model_, options.runner);
    info.runner = runner->info();
    if (!options.prefix_cache) {
        info.runner.prefix_reuse = false;
        info.runner.no_reuse_reason = "switched off";
    }
    info.page_tokens = options.runner.page_tokens;
    info.max_running = options.runner.max_running;
    info.max_batch_tokens = options.runner.max_batch_tokens;
    info.max_context = context_limit(options, *engine->model_, info.runner);
    engine->tell_templates();

    SchedulerConfig config;
    config.n_pages = info.runner.n_pages;
    config.page_tokens = info.page_tokens;
    config.max_running = info.max_running;
    config.max_batch_tokens = options.runner.max_batch_tokens;
    config.max_context = info.max_context;
    config.n_states = info.runner.n_states;
    config.small_states = info.runner.state_bytes <= info.runner.page_bytes;
    config.prefix_reuse = info.runner.prefix_reuse;
    config.batching = options.batching;
    config.policy = options.policy;
    config.draft_tokens = options.draft_tokens;
    if (options.draft_tokens != DraftMode::off) info.no_drafts_reason = no_drafts(info.runner);
    if (!info.no_drafts_reason.empty()) config.draft_tokens = DraftMode::off;
    info.draft_tokens = config.draft_tokens;
    if (options.calibrate && options.policy.order == Order::program_aware) {
        const CalibrationOptions trial{config.page_tokens, config.n_pages, config.max_running, config.max_batch_tokens,
                                       kCalibration};
        const std::vector<MeasuredStep> steps = calibrate(*runner, trial, abort);
        config.policy.cost = cost_of(steps, time_state_copy(*runner));
        if (validate(config))
            config.policy.cost = {};  // nonsense, of a machine that stood still: learn from real steps
    }
    const auto rest = [&](float fraction) { progress(share + (1 - share) * fraction); };
    std::unique_ptr<DraftRunner> draft_runner;
    if (drafts && config.draft_tokens != DraftMode::off) {
        draft_runner =
            DraftRunner::load(options.draft_model, engine->model_, options.runner, *runner, options.gpu_layers,
                              progress ? std::function<void(float)>(rest) : progress, abort, engine->abort_step_);
    }
    engine->touched_pages_ = runner->touched_pages();
    engine->open_tiers(options.cache, info.runner);
    config.tiers = tiers_of(info.runner, options.cache.page_read);
    config.tiers.on = engine->tiers_ != nullptr;
    engine->worker_ = std::make_unique<Worker>(config, std::move(runner), engine->tiers_);
    if (draft_runner) engine->draft_by(std::move(draft_runner), abort);
    engine->tell_store_failure();
    if (abort) throw Error("ABORTED", "the load was aborted");
    return engine;
}

void Engine::draft_by(std::unique_ptr<DraftRunner> drafts, const std::atomic<bool> & abort) {
    DraftReader & reader = drafts->reader();
    const bool own_layer = &reader.model() == model_.get();  // which is among the model's weights
    info_.draft_model = own_layer ? DraftRunner::kMtp : reader.model().info().path;
    info_.draft_model_bytes = own_layer ? 0 : static_cast<int64_t>(reader.model().info().size_bytes);
    info_.draft_pool_bytes = reader.pool_bytes();
    const CalibrationOptions trial{info_.page_tokens, info_.runner.n_pages, info_.max_running, info_.max_batch_tokens,
                                   kCalibration};
    const CostConstants cost = cost_of(calibrate(reader, trial, abort));
    worker_->draft_by(std::move(drafts), cost);
}

void Engine::open_tiers(const CacheOptions & options, const RunnerInfo & runner) {
    if (options.dir.empty()) return;
    if (!runner.prefix_reuse || runner.page_identity.empty()) {
        info_.cache_reason =
            "pages of this model are not kept: " +
            (runner.prefix_reuse ? "what they were computed with is not known" : runner.no_reuse_reason);
        return;
    }
    PageStoreConfig config;
    config.dir = options.dir;
    config.identity = runner.page_identity;
    config.label = info_.model.name.empty() ? info_.model.architecture : info_.model.name;
    config.slot_bytes = runner.page_bytes;
    config.page_tokens = info_.page_tokens;
    config.budget_bytes = options.bytes;
    config.free_share = options.free_share;
    config.daily_write_bytes = options.daily_write_bytes;
    config.likely_pages = static_cast<int64_t>(options.prefetch * runner.n_pages);
    config.network = options.network;
    try {
        tiers_ = std::make_shared<TierIo>(
            config, runner.n_states > 0 ? runner.state_bytes : 0,
            [this] { commands_.post([this] { worker_->settle_tiers(); }); }, Worker::now, options.files,
            options.clock);
        info_.cache_dir = options.dir;
    } catch (const std::runtime_error & e) {
        info_.cache_reason = store_failure_ = e.what();
    }
}

void Engine::tell_store_failure() {
    if (!store_failure_.empty()) worker_->tell_disk("no page is kept on disk: " + store_failure_);
}

void Engine::load_embedder(const EngineOptions & options) {
    auto embedder = std::make_unique<Embedder>(model_, options.runner, info_.pooling, options.max_context, abort_step_);
    info_.runner = embedder->info().runner;
    info_.embedding_size = embedder->info().size;
    info_.max_context = embedder->info().max_tokens;
    info_.page_tokens = options.runner.page_tokens;
    info_.max_running = embedder->info().batch_texts;
    info_.max_batch_tokens = embedder->info().batch_tokens;
    embedding_ = std::make_unique<EmbeddingWorker>(std::move(embedder));
    schedule_nothing();
}

void Engine::load_nothing(const EngineOptions & options) {
    vocabulary_only_ = true;
    info_.page_tokens = options.runner.page_tokens;
    info_.runner.no_reuse_reason = "only the vocabulary was loaded";
    info_.max_context = options.max_context > 0 ? options.max_context : model_->info().context_train;
    tell_templates();
    schedule_nothing();
}

void Engine::schedule_nothing() {
    SchedulerConfig nothing;
    nothing.n_pages = 1;
    nothing.prefix_reuse = false;
    touched_pages_ = std::make_shared<const std::atomic<int32_t>>(0);
    worker_ = std::make_unique<Worker>(nothing, nullptr);
}

void Engine::tell_templates() {
    info_.has_chat_template = chat_templates_->has_template();
    info_.tool_format = chat_templates_->tool_format();
    info_.supports_parallel_calls = chat_templates_->supports_parallel_calls();
    info_.supports_late_system = chat_templates_->supports_late_system();
}

}  // namespace banyan
