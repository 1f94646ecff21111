// A runner is made: its pool, its context, what it tells of itself; and one token computed to see that it works.
#include <algorithm>
#include <cmath>

#include "ggml-backend.h"
#include "llama-ext.h"
#include "llama-model.h"
#include "llama.h"
#include "runner/attention/kernel.h"
#include "runner/backend.h"
#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/kv/kv-caches.h"
#include "runner/model.h"
#include "runner/page-identity.h"
#include "runner/runner-impl.h"

namespace banyan {

namespace {

bool on_gpu(const Model & model) {
    return ggml_backend_dev_type(model.handle()->dev_output()) != GGML_BACKEND_DEVICE_TYPE_CPU;
}

bool chosen(Choice choice, bool automatic) {
    return choice == Choice::automatic ? automatic : choice == Choice::on;
}

/** null for an architecture that llama.cpp's own cache serves. */
std::unique_ptr<KvPool> make_pool(const Model & model, const RunnerOptions & options, int32_t n_pages) {
    const Architecture & paging = model.info().paging;
    if (options.attention == AttentionMode::paged && paging.path != AttentionPath::paged) {
        throw Error("INVALID_OPTION", "no paged attention for " + model.info().architecture + ": " + paging.reason,
                    "attention");
    }
    if (paging.path == AttentionPath::stock) return nullptr;
    const AttentionMode mode = paging.path == AttentionPath::dense ? AttentionMode::dense : options.attention;
    return std::make_unique<KvPool>(n_pages, options.page_tokens, options.max_running, mode, options.exact);
}

}  // namespace

Runner::Runner(std::shared_ptr<const Model> model, const RunnerOptions & options, const std::atomic<bool> & abort)
    : impl_(std::make_unique<Impl>()), model_(std::move(model)), page_tokens_(options.page_tokens) {
    backend::LogCapture log;
    backend::AssertGuard guard;
    info_.n_states = saved_state_count(*model_, options);
    info_.n_pages = kv_page_count(*model_, options, info_.n_states);
    llama_context_params params = context_params(options, info_.n_pages);
    impl_->abort = &abort;
    params.abort_callback = Impl::ends_step;
    params.abort_callback_data = impl_.get();
    const Architecture & paging = model_->info().paging;
    // Both take it that pages hold all of a sequence and that a batch is computed whole: not so with recurrent state.
    const bool plain = paging.path != AttentionPath::stock && !paging.states;
    const bool gpu = impl_->on_device = on_gpu(*model_);
    info_.fixed_shapes = plain && chosen(options.fixed_shapes, gpu);
    info_.device_sampling = plain && chosen(options.device_sampling, gpu);
    if (info_.fixed_shapes) impl_->scratch_page = info_.n_pages;
    impl_->pool = make_pool(*model_, options, info_.n_pages + (info_.fixed_shapes ? 1 : 0));
    if (info_.device_sampling) {
        impl_->samplers = std::make_unique<SlotSamplers>(model_->vocab(), options.max_running, model_->suppressed());
        impl_->samplers->install(params);
    }
    context_ = made_context(*model_, log, [&] {
        if (impl_->pool) impl_->pool->install(params, model_->handle());
        return llama_init_from_model(model_->handle(), params);
    });
    impl_->capacity = step_capacity(options);
    impl_->n_slots = options.max_running;
    // A dense mask would reach as far as the scratch page.
    info_.fixed_shapes = info_.fixed_shapes && impl_->pool->mode() == AttentionMode::paged;
    if (info_.fixed_shapes) impl_->shape.emplace(options.max_running);
    impl_->batch = llama_batch_init(impl_->capacity, 0, 1);
    if (llama_memory_recurrent * recurrent = recurrent_memory(llama_get_memory(context_.get()))) {
        impl_->states = std::make_unique<StateBank>(*recurrent, info_.n_states);
    }
    probe();

    const bool paged = impl_->pool && impl_->pool->mode() == AttentionMode::paged;
    info_.attention = paged ? "paged" : impl_->pool ? "dense" : "stock";
    const ggml_backend_dev_t device = model_->handle()->dev_output();
    const bool on_cpu = ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU;
    info_.kernel = !paged ? info_.attention : on_cpu ? attention_kernel().name : backend::name();
    info_.page_bytes = impl_->pool ? impl_->pool->page_bytes()
                                   : kv_bytes_per_token(*model_, options.type_k, options.type_v) * options.page_tokens;
    info_.state_bytes = state_bytes_per_slot(*model_);
    if (impl_->pool || impl_->states) {
        const std::string layout = impl_->states ? impl_->states->layout() : "";
        info_.page_identity = page_identity(*model_, *context_, options, info_.page_bytes, layout);
    }
    const WindowMemory windows = window_memory(*model_, options, int64_t{info_.n_pages} * options.page_tokens);
    info_.window_tokens = windows.tokens;
    info_.window_bytes = windows.held;
    info_.window_needed_bytes = windows.needed;
    info_.backend = ggml_backend_dev_name(device);
    if (on_cpu) info_.cpu_reason = backend::cpu_reason();
    info_.prefix_reuse = paging.prefix_reuse && (!paging.states || info_.n_states > 0);
    if (!info_.prefix_reuse) {
        info_.no_reuse_reason =
            paging.states ? "stateBytes is less than one state, " + std::to_string(info_.state_bytes) + " bytes"
                          : paging.reason;
    }
}

Runner::~Runner() = default;

void Runner::tap(const std::vector<int32_t> & layers) {
    backend::AssertGuard guard;
    for (const int32_t layer : layers) {
        if (layer == kMtpInput) {
            llama_set_embeddings_nextn(context_.get(), true, /*masked=*/false);
        } else {
            llama_set_embeddings_layer_inp(context_.get(), static_cast<uint32_t>(layer), true);
        }
    }
    probe();  // its graph is another one: what is wrong with it shows here
}

void Runner::probe() {
    // On this thread alone, where an assertion can be caught.
    const int32_t n_threads = llama_n_threads(context_.get());
    const Token token = std::max(0, llama_vocab_bos(model_->vocab()));
    const PageId page = 0;
    Batch batch;
    batch.rows.push_back({0, 0, &token, 1, 0, &page, 1, true, true});
    batch.n_tokens = 1;
    llama_set_n_threads(context_.get(), 1, 1);
    std::string why = "it cannot be computed";
    bool computed = false;
    try {
        computed = compute(batch, {});
        const auto finite = [](float logit) { return std::isfinite(logit); };
        if (computed && !std::any_of(logits(0), logits(0) + model_->info().vocab_size, finite)) {
            computed = false;
            why = "its output is not a number";
        }
    } catch (const std::exception & e) {
        computed = false;
        why = e.what();
    }
    llama_set_n_threads(context_.get(), n_threads, n_threads);
    if (!computed) throw Error("MODEL_INVALID", model_->info().path + ": " + why, "modelPath");
    release(0);
}

}  // namespace banyan
