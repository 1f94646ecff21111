#include "engine/engine.h"

#include <algorithm>

#include "engine/calibration.h"
#include "engine/embedding-worker.h"
#include "engine/exactness.h"
#include "engine/worker.h"
#include "runner/error.h"
#include "tiers/tier-io.h"

namespace banyan {

namespace {

constexpr Micros kCalibration = 40'000;
constexpr Micros kDrain = 2'000'000;  // that closing waits for pages to be written
// What reading a page is believed to take, until some were read.
constexpr Micros kPageRead = 100;
constexpr int64_t kDiskBytesPerMicro = 500;
// Bytes of pages under way to and from the disk: on a CPU the engine takes them in the midst of a step.
constexpr int64_t kUnderWay = 32 << 20, kUnderWayGpu = 512 << 20;
constexpr size_t kMaxSaltName = 1024;

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
    engine->model_ = Model::load(
        options.model_path, {options.gpu_layers, options.vocabulary_only, options.runner.exact}, progress, abort);
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
    if (info.pooling != Pooling::none) {
        engine->load_embedder(options);
        if (abort) throw Error("ABORTED", "the load was aborted");
        return engine;
    }
    auto runner = std::make_unique<Runner>(engine->model_, options.runner, engine->abort_step_);
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
    engine->touched_pages_ = runner->touched_pages();
    engine->open_tiers(options.cache, info.runner);
    config.tiers = tiers_of(info.runner, options.cache.page_read);
    config.tiers.on = engine->tiers_ != nullptr;
    engine->worker_ = std::make_unique<Worker>(config, std::move(runner), engine->tiers_);
    engine->tell_store_failure();
    if (abort) throw Error("ABORTED", "the load was aborted");
    return engine;
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
            [this] { commands_.post([this] { worker_->settle_tiers(); }); }, Worker::now, options.files);
        info_.cache_dir = options.dir;
    } catch (const std::runtime_error & e) {
        info_.cache_reason = store_failure_ = e.what();
    }
}

void Engine::tell_store_failure() {
    if (!store_failure_.empty()) worker_->tell_disk("no page is kept on disk: " + store_failure_);
}

std::optional<PageKey> Engine::root_of(const std::string & salt) const {
    return tiers_ ? std::optional<PageKey>(tiers_->root(salt)) : std::nullopt;
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

Engine::~Engine() {
    stop();
    worker_.reset();
    if (tiers_) tiers_->close();  // before the queue that it posts to goes
}

void Engine::start(Publish publish) {
    thread_ = std::thread([this, publish = std::move(publish)]() mutable { run(std::move(publish)); });
}

void Engine::run(Publish publish) {
    using std::chrono::microseconds;
    const auto hear = [&] {
        if (!commands_.any()) return false;
        obey(microseconds(0));
        publish_events(publish);
        return true;
    };
    if (embedding_) {
        embedding_->listen(hear);
    } else if (!vocabulary_only_) {
        worker_->listen(hear);
    }
    publish_events(publish);  // of the load
    bool ran = false;
    while (!closing_ && !abort_) {
        // What the last step left for the page store has no further step to wait for.
        if (!embedding_ && idle()) worker_->settle_tiers();
        // Nothing to compute: sleep. Work that is better begun later: until then, or until something happens.
        const bool embeds = embedding_ && !idle();
        const microseconds patience(ran && !idle() ? 0 : embeds ? Worker::kLook : worker_->patience());
        obey(patience);
        publish_events(publish);
        if (closing_) break;
        const bool has_work = !idle() || worker_->is_due();
        ran = has_work && (embedding_ ? embedding_->step(abort_step_) : worker_->step(abort_step_));
        publish_events(publish);
    }
    if (!abort_) worker_->drain_tiers(kDrain);
    embedding_.reset();
    worker_.reset();
    if (after_close_ && !abort_) after_close_();
}

bool Engine::idle() const {
    return worker_->idle() && (!embedding_ || embedding_->idle());
}

void Engine::obey(std::chrono::microseconds patience) {
    for (CommandQueue::Command & command : commands_.take(patience)) {
        try {
            command();
        } catch (const std::exception & e) {
            worker_->fail_all(e.what());
            if (embedding_) embedding_->fail_all(e.what());
        }
    }
}

void Engine::publish_events(const Publish & publish) {
    std::vector<Event> events = embedding_ ? embedding_->take_events() : worker_->take_events();
    if (events.empty() || abort_) return;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const Event & event : events) {
            if (event.last()) live_.erase(event.request);
        }
    }
    publish(std::move(events));
}

void Engine::post(std::function<void()> command) {
    if (!commands_.post(std::move(command))) throw Error("CLOSED", "the engine is closed");
}

RequestId Engine::next_id() {
    const std::lock_guard<std::mutex> lock(mutex_);
    live_.insert(next_id_);
    return next_id_++;
}

RequestId Engine::embed(EmbeddingOptions options) {
    check(options);
    const Salt tenant = intern(options.salt);
    const RequestId id = next_id();
    const auto cargo = std::make_shared<EmbeddingOptions>(std::move(options));
    post([this, id, tenant, cargo] { embedding_->submit(id, tenant, std::move(*cargo)); });
    return id;
}

std::unique_ptr<Decoder> Engine::read_answer(const RequestOptions & options) const {
    check(options);
    return decoder_of(options, false);
}

std::unique_ptr<Decoder> Engine::decoder_of(const RequestOptions & options, bool samples) const {
    DecoderOptions decoding = decoding_of(options);
    decoding.samples = samples;
    auto decoder = std::make_unique<Decoder>(model_, std::move(decoding));
    if (options.begun > 0) decoder->go_on({options.prompt.end() - options.begun, options.prompt.end()});
    return decoder;
}

DecoderOptions Engine::decoding_of(const RequestOptions & options) const {
    DecoderOptions decoding;
    decoding.sampling = options.sampling;
    decoding.stop = options.stop;
    const bool parsed = options.parsed_grammar != nullptr;
    decoding.constraint = {parsed ? options.parsed_grammar : grammars_->get(options.grammar, options.json_schema),
                           options.chat};
    decoding.ignore_eos = options.ignore_eos;
    const int32_t room = info_.max_context - static_cast<int32_t>(options.prompt.size());
    decoding.max_tokens = options.begun + (options.max_tokens >= 0 ? std::min(options.max_tokens, room) : room);
    if (options.prompt_logprobs >= 0) {
        decoding.scored = options.prompt;
        decoding.scored_top = options.prompt_logprobs;
    }
    // Nothing older than the answer is penalised, and the sampler's memory is as long as it is told.
    int32_t & looks_back = decoding.sampling.penalty_last_n;
    looks_back = looks_back < 0 ? decoding.max_tokens : std::min(looks_back, decoding.max_tokens);
    decoding.thinking_tokens = options.thinking_tokens;
    decoding.progress = options.progress;
    decoding.jump = options.jump_forward;
    decoding.seed_of_ids = seed_of_ids(options.prompt, options.prompt.size() - options.begun);
    return decoding;
}

RequestId Engine::submit(RequestOptions options) {
    check(options);
    if (vocabulary_only_) throw Error("MODEL_UNSUPPORTED", "only the vocabulary was loaded: another engine computes");
    std::unique_ptr<Decoder> decoder = decoder_of(options, true);

    Request request;
    request.max_output = std::max(1, decoder->tokens_left());
    request.scored = options.prompt_logprobs >= 0;
    request.prompt = std::move(options.prompt);
    request.cls = options.cls;
    request.program = options.program;
    request.salt = intern(options.salt);
    request.root = root_of(options.salt);
    request.tenant = request.salt;
    request.tenant_weight = options.tenant_weight;
    request.cache = options.cache;
    request.drafts = options.draft_tokens;
    request.durable = options.durable;
    request.ttft_limit = options.ttft_limit;
    request.group = options.group;
    request.group_size = options.group_size;
    request.static_tokens = options.static_tokens;
    request.boundary = options.boundary;
    // A point in time, counted from here: the way to the engine thread is part of it.
    if (options.deadline > 0) request.deadline = Worker::now() + options.deadline;
    const RequestId id = request.id = next_id();
    // A command is copyable, so what it moves on travels behind a shared pointer.
    const auto cargo =
        std::make_shared<std::pair<Request, std::unique_ptr<Decoder>>>(std::move(request), std::move(decoder));
    post([this, cargo] { worker_->submit(std::move(cargo->first), std::move(cargo->second)); });
    return id;
}

bool Engine::cancel(RequestId id) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (live_.count(id) == 0) return false;
    }
    return commands_.post([this, id] {
        worker_->cancel(id);
        if (embedding_) embedding_->cancel(id);
    });
}

Salt Engine::intern(const std::string & salt) {
    // Numbered, not hashed: two tenants can never meet, whatever they call themselves. No number is given twice, so one
    // who was forgotten meanwhile finds nothing cached, and nothing of another's.
    if (salt.empty()) return 0;
    if (salt.size() > kMaxSaltName) {
        throw Error("INVALID_OPTION", "a tenant's name has at most " + std::to_string(kMaxSaltName) + " bytes", "salt");
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    return *salts_.get(salt, [this] { return std::make_shared<const Salt>(++last_salt_); });
}

bool Engine::close(std::function<void()> done) {
    const bool first = commands_.post_last([this, done] {
        closing_ = true;
        after_close_ = done;
        worker_->cancel_all();
        if (embedding_) embedding_->cancel_all();
    });
    abort_step_ = true;  // no request needs what the running step computes
    return first;
}

void Engine::stop() {
    if (!thread_.joinable()) return;
    abort_ = abort_step_ = true;
    commands_.post_last([] {});  // wakes it
    thread_.join();
}

}  // namespace banyan
