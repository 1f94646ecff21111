#include "runner/runner.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "ggml-backend.h"
#include "llama-model.h"
#include "llama.h"
#include "runner/attention/kernel.h"
#include "runner/backend.h"
#include "runner/batch-shape.h"
#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/kv-type.h"
#include "runner/kv/kv-caches.h"
#include "runner/kv/state-bank.h"
#include "runner/model.h"
#include "runner/page-identity.h"
#include "runner/sampling/device-sampler.h"
#include "runner/sampling/slot-samplers.h"

namespace banyan {

struct Runner::Impl {
    std::unique_ptr<KvPool> pool;            // null: stock sequences
    std::unique_ptr<SlotSamplers> samplers;  // null: the host samples
    std::optional<BatchShape> shape;         // none: steps as they come
    std::unique_ptr<StateBank> states;       // null: nothing is recurrent
    std::vector<int32_t> cells_before;       // of the states, by slot, as the step under way found them
    std::vector<bool> in_step;               // by slot: has a row in it
    bool on_device = false;                  // steps may go on behind the caller's back
    PageId scratch_page = -1;                // where padding writes; behind the pages that the core knows
    int32_t n_slots = 0;
    llama_batch batch{};
    int32_t capacity = 0;  // tokens that batch holds
    const std::atomic<bool> * abort = nullptr;
    std::function<bool()> stops;  // see listen(); empty: none
    std::shared_ptr<std::atomic<int32_t>> touched = std::make_shared<std::atomic<int32_t>>(0);  // see touched_pages()

    ~Impl() { llama_batch_free(batch); }

    void append(Token token, int32_t position, SlotId slot, bool output) {
        const int32_t at = batch.n_tokens++;
        batch.token[at] = token;
        batch.pos[at] = position;
        batch.n_seq_id[at] = 1;
        batch.seq_id[at][0] = slot;
        batch.logits[at] = output;
    }

    /** llama.cpp's abort callback. */
    static bool ends_step(void * impl) {
        const Impl & self = *static_cast<Impl *>(impl);
        if (self.abort->load(std::memory_order_relaxed)) return true;
        return self.stops && self.stops() && !self.moves_others();
    }

    /**
     * A step puts the states of its sequences side by side, and moves those that are in the way, layer by layer: it
     * must not end between two layers.
     */
    bool moves_others() const {
        const std::vector<int32_t> cells = states ? states->cells() : std::vector<int32_t>{};
        for (size_t slot = 0; slot < cells.size(); ++slot) {
            if (!in_step[slot] && cells[slot] != cells_before[slot]) return true;
        }
        return false;
    }

    void begin_step(const Batch & rows);
    void drop_torn_states();
    bool has_its_state(const BatchRow & row) const { return !states || states->position(row.slot) == row.n_past - 1; }

    struct Place {
        SlotId slot;
        int32_t row;  // -1: padding
    };
    std::vector<Place> places(const Batch & rows);
    void touch(const BatchRow & row, int32_t page_tokens);
};

/** The core gives out the page that was freed last, or else the lowest: what was written ends at the highest. */
void Runner::Impl::touch(const BatchRow & row, int32_t page_tokens) {
    for (int32_t i = row.n_past / page_tokens; i < row.n_pages; ++i) {
        if (row.pages[i] >= *touched) *touched = row.pages[i] + 1;
    }
}

void Runner::Impl::begin_step(const Batch & rows) {
    if (!states) return;
    in_step.assign(static_cast<size_t>(n_slots), false);
    for (const BatchRow & row : rows.rows) in_step[row.slot] = true;
    cells_before = states->cells();
}

/** After a step that ended early: what it was writing or moving. */
void Runner::Impl::drop_torn_states() {
    if (!states) return;
    const std::vector<int32_t> cells = states->cells();
    for (SlotId slot = 0; slot < n_slots; ++slot) {
        if (in_step[slot] || cells[slot] != cells_before[slot]) states->drop(slot);
    }
}

/** The rows in the order they run. Decodes of a fixed shape are sorted by slot: output i stays the same slot's. */
std::vector<Runner::Impl::Place> Runner::Impl::places(const Batch & rows) {
    std::vector<Place> places;
    bool decodes = true;
    for (const BatchRow & row : rows.rows) {
        places.push_back({row.slot, static_cast<int32_t>(places.size())});
        decodes = decodes && row.n_tokens == 1 && row.sample;
    }
    if (!shape || !decodes) return places;
    std::vector<bool> used(n_slots, false);
    for (const Place & place : places) used[place.slot] = true;
    const size_t n = shape->rows_for(static_cast<int32_t>(places.size()));
    for (SlotId slot = 0; places.size() < n; ++slot) {
        if (!used[slot]) places.push_back({slot, -1});
    }
    std::sort(places.begin(), places.end(), [](const Place & a, const Place & b) { return a.slot < b.slot; });
    return places;
}

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

/** Tokens that a step may hold: one for every slot at least, which is what llama.cpp reserves. */
int32_t step_capacity(const RunnerOptions & options) {
    return std::max(options.max_batch_tokens, options.max_running);
}

llama_context_params context_params(const RunnerOptions & options, int32_t n_pages) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(n_pages) * options.page_tokens;
    params.n_batch = params.n_ubatch = step_capacity(options);
    params.n_seq_max = options.max_running;
    params.n_outputs_max = options.max_running + kMostScored;
    params.n_threads = params.n_threads_batch = options.threads > 0 ? options.threads : backend::physical_cores();
    params.type_k = ggml_type_of(options.type_k);
    params.type_v = ggml_type_of(options.type_v);
    params.kv_unified = true;
    params.swa_full = true;
    params.no_perf = true;
    params.op_offload = false;  // layers in host memory stay there: their attention would copy all pages in every step
    return params;
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
    probe(params.n_threads);

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

void Runner::probe(int32_t n_threads) {
    // On this thread alone, where an assertion can be caught.
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

void Runner::listen(std::function<bool()> stops) {
    impl_->stops = std::move(stops);
}

bool Runner::run(const Batch & batch, const std::vector<DeviceSampler *> & samplers) {
    try {
        return compute(batch, samplers);
    } catch (const std::exception &) {
        return false;
    }
}

void Runner::save(const std::vector<StateCopy> & copies) {
    if (copies.empty()) return;
    llama_synchronize(context_.get());
    for (const StateCopy & copy : copies) {
        if (!impl_->states || !impl_->states->save(copy)) lost_states_.push_back(copy.state);
    }
}

bool Runner::prepare(const Batch & batch) {
    for (const BatchRow & row : batch.rows) {
        if (!row.first) continue;
        release(row.slot);
        const auto is_its = [&](const StateCopy & load) { return load.slot == row.slot; };
        if (impl_->states && std::none_of(batch.loads.begin(), batch.loads.end(), is_its)) {
            impl_->states->clear(row.slot);
        }
    }
    for (const StateCopy & load : batch.loads) {
        // What fails leaves the slot empty, and its row is refused.
        if (!impl_->states || !impl_->states->load(load)) lost_states_.push_back(load.state);
    }
    // Without a pool there is nothing to copy.
    return !impl_->pool || batch.copies.empty() ||
           impl_->pool->copy_pages(batch.copies.data(), static_cast<int32_t>(batch.copies.size()));
}

bool Runner::decode(const Batch & batch) {
    if (impl_->batch.n_tokens == 0) return true;  // all were refused
    impl_->begin_step(batch);
    if (llama_decode(context_.get(), impl_->batch) == 0) return true;
    impl_->drop_torn_states();
    return false;
}

bool Runner::compute(const Batch & batch, const std::vector<DeviceSampler *> & samplers) {
    lost_states_.clear();
    outputs_.assign(batch.rows.size(), {});
    save(batch.saves_before);
    if (batch.n_tokens > impl_->capacity || !prepare(batch)) return false;
    KvPool * const pool = impl_->pool.get();
    SlotSamplers * const on_device = impl_->samplers.get();
    if (on_device) on_device->begin_step();
    impl_->batch.n_tokens = 0;
    int32_t n_outputs = 0;
    for (const Impl::Place & place : impl_->places(batch)) {
        if (place.row < 0) {
            pool->bind(place.slot, &impl_->scratch_page, 1, 0);
            impl_->append(0, 0, place.slot, true);
            ++n_outputs;
            continue;
        }
        const BatchRow & row = batch.rows[place.row];
        outputs_[place.row].refused = !impl_->has_its_state(row);
        if (outputs_[place.row].refused) continue;
        impl_->touch(row, page_tokens_);
        if (pool) pool->bind(row.slot, row.pages, row.n_pages, row.n_past, row.n_drafts > 0);
        const int32_t first = impl_->batch.n_tokens;
        for (int32_t i = 0; i < row.n_tokens; ++i) {
            const bool output = row.scored || (row.sample && i >= row.n_tokens - row.n_drafts - 1);
            impl_->append(row.tokens[i], row.n_past + i, row.slot, output);
            n_outputs += output;
        }
        if (row.scored) outputs_[place.row].first = first;
        if (!row.sample) continue;
        DeviceSampler * const sampler = samplers.empty() ? nullptr : samplers[place.row];
        const bool assigned = on_device && sampler && on_device->assign(context_.get(), row.slot, *sampler);
        Output & output = outputs_[place.row];
        output.index = impl_->batch.n_tokens - 1 - row.n_drafts;
        output.number = n_outputs - 1 - row.n_drafts;
        output.on_device = assigned;
    }
    if (!decode(batch)) return false;
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        Output & output = outputs_[r];
        if (!output.on_device) continue;
        output.on_device = on_device->take(context_.get(), output.index, batch.rows[r].slot, *samplers[r]) >= 0;
    }
    save(batch.saves_after);
    return true;
}

float * Runner::logits(size_t row, int32_t draft) const {
    const Output & output = outputs_[row];
    if (output.on_device) return nullptr;
    const int32_t index = output.index + draft;
    const bool here = !impl_->samplers || impl_->samplers->fetch(context_.get(), index, output.number + draft);
    float * const logits = here ? llama_get_logits_ith(context_.get(), index) : nullptr;
    if (!logits) throw Error("STEP_FAILED", "the logits did not come from the device");
    return logits;
}

const float * Runner::scored_logits(size_t row, int32_t i) const {
    const float * const logits = llama_get_logits_ith(context_.get(), outputs_[row].first + i);
    if (!logits) throw Error("STEP_FAILED", "llama.cpp gave no logits of the prompt");
    return logits;
}

bool Runner::stock_sequences() const {
    return !impl_->pool && !model_->info().paging.states;
}

std::vector<StateId> Runner::save_states(const std::vector<StateCopy> & copies) {
    lost_states_.clear();
    save(copies);
    return lost_states_;
}

StateBank * Runner::states() const {
    return impl_->states.get();
}

void Runner::assume(SlotId slot, int32_t n_past) {
    if (impl_->states) impl_->states->clear(slot, n_past);
}

std::shared_ptr<const std::atomic<int32_t>> Runner::touched_pages() const {
    return impl_->touched;
}

bool Runner::read_page(PageId page, char * bytes) const {
    if (impl_->on_device) llama_synchronize(context_.get());
    return impl_->pool && impl_->pool->read_page(page, bytes);
}

bool Runner::write_page(PageId page, const char * bytes) {
    if (impl_->on_device) llama_synchronize(context_.get());
    if (!impl_->pool || !impl_->pool->write_page(page, bytes)) return false;
    if (page >= *impl_->touched) *impl_->touched = page + 1;
    return true;
}

void Runner::release(SlotId slot) {
    llama_memory_seq_rm(llama_get_memory(context_.get()), slot, -1, -1);
    if (impl_->pool) impl_->pool->reset(slot);
}

}  // namespace banyan
