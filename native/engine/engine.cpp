#include "engine/engine.h"

#include <algorithm>

#include "engine/embedding-worker.h"
#include "engine/worker.h"
#include "runner/compute-threads.h"
#include "runner/drafting/draft-runner.h"
#include "runner/error.h"
#include "tiers/tier-io.h"

namespace banyan {

namespace {

constexpr Micros kDrain = 2'000'000;            // that closing waits for pages to be written
constexpr std::chrono::milliseconds kRest{20};  // without work, after which the threads that compute end
constexpr size_t kMaxSaltName = 1024;

}  // namespace

std::optional<PageKey> Engine::root_of(const std::string & salt) const {
    return tiers_ ? std::optional<PageKey>(tiers_->root(salt)) : std::nullopt;
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
    bool ran = false, rested = true;
    while (!closing_ && !abort_) {
        // What the last step left for the page store has no further step to wait for.
        if (!embedding_ && idle()) worker_->settle_tiers();
        // Nothing to compute: sleep. Work that is better begun later: until then, or until something happens.
        const bool embeds = embedding_ && !idle();
        const microseconds patience(ran && !idle() ? 0 : embeds ? Worker::kLook : worker_->patience());
        if (idle() && !rested && (patience.count() < 0 || patience > kRest)) {
            rested = !obey(kRest) && idle();
            if (rested) rest_compute_threads();
        } else {
            obey(patience);
        }
        publish_events(publish);
        if (closing_) break;
        const bool has_work = !idle() || worker_->is_due();
        ran = has_work && (embedding_ ? embedding_->step(abort_step_) : worker_->step(abort_step_));
        rested = rested && !has_work;
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

bool Engine::obey(std::chrono::microseconds patience) {
    std::vector<CommandQueue::Command> commands = commands_.take(patience);
    for (CommandQueue::Command & command : commands) {
        try {
            command();
        } catch (const std::exception & e) {
            worker_->fail_all(e.what());
            if (embedding_) embedding_->fail_all(e.what());
        }
    }
    return !commands.empty();
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
