#include "runner/drafting/head-reader.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "llama-ext.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/context.h"
#include "runner/drafting/hidden-states.h"
#include "runner/error.h"
#include "runner/kv/kv-pool.h"
#include "runner/model.h"

namespace banyan {

namespace {

// Tokens whose hidden states are made the head's own at once: llama.cpp reserves logits for each.
constexpr int32_t kMostEncoded = 32;

/** A llama_batch of tokens with a vector each. */
struct Inputs {
    std::vector<llama_token> tokens;
    std::vector<float> vectors;
    std::vector<llama_pos> positions;
    std::vector<int32_t> n_slots;
    std::vector<llama_seq_id> slots;
    std::vector<llama_seq_id *> slot_places;
    std::vector<int8_t> outputs;
    int32_t n = 0, width;

    Inputs(int32_t capacity, int32_t width)
        : tokens(capacity),
          vectors(static_cast<size_t>(capacity) * width),
          positions(capacity),
          n_slots(capacity, 1),
          slots(capacity),
          outputs(capacity),
          width(width) {
        for (llama_seq_id & slot : slots) slot_places.push_back(&slot);
    }

    float * vector(int32_t at) { return vectors.data() + int64_t{at} * width; }
    void add(Token token, int32_t position, SlotId slot, bool output) {
        tokens[n] = token;
        positions[n] = position;
        slots[n] = slot;
        outputs[n++] = output;
    }
    llama_batch batch() {
        return {n,           tokens.data(), vectors.data(), positions.data(), n_slots.data(), slot_places.data(),
                outputs.data()};
    }
};

/** A token whose hidden state lies in a page. */
struct Place {
    const PageId * pages;
    int32_t token, at;  // in the text, among the inputs
};

}  // namespace

struct HeadReader::Impl {
    /** What the head itself gave for the token that it read last in a slot. */
    struct Own {
        int32_t token = -1;  // its place in the text; -1: nothing
        std::vector<float> state;
    };

    HeadShape shape;
    int32_t page_tokens, n_pages, capacity;
    KvPool pool;
    ContextPtr context;  // behind the pool, which its caches use
    HiddenStates states;
    Inputs inputs;
    std::vector<Own> own;          // by slot
    std::vector<int32_t> outputs;  // by row, its output among the inputs; -1: none
    std::vector<Place> unread;
    std::vector<float> hidden;  // [kMostEncoded, width]

    Impl(const HeadShape & shape, const RunnerOptions & options)
        : shape(shape),
          page_tokens(options.page_tokens),
          n_pages(static_cast<int32_t>(options.kv_tokens / options.page_tokens)),
          capacity(step_capacity(options)),
          pool(n_pages, options.page_tokens, options.max_running, AttentionMode::automatic),
          states(n_pages, options.page_tokens, shape.width),
          inputs(capacity, shape.inner),
          own(static_cast<size_t>(options.max_running)),
          hidden(static_cast<size_t>(kMostEncoded) * shape.width) {}

    void add(const BatchRow & row);
    bool encode();
    bool compute(const Batch & batch);
};

HeadReader::HeadReader(std::shared_ptr<const Model> head, const HeadShape & shape, Runner & model,
                       const RunnerOptions & options, const std::atomic<bool> & abort)
    : head_(std::move(head)), impl_(std::make_unique<Impl>(shape, options)) {
    backend::LogCapture log;
    backend::AssertGuard guard;
    llama_context_params params = context_params(options, impl_->n_pages);
    params.ctx_other = model.context();  // a head may have the model's embeddings and output layer
    if (shape.mtp) params.ctx_type = LLAMA_CONTEXT_TYPE_MTP;
    params.abort_callback = [](void * flag) {
        return static_cast<const std::atomic<bool> *>(flag)->load(std::memory_order_relaxed);
    };
    params.abort_callback_data = const_cast<std::atomic<bool> *>(&abort);
    impl_->context = made_context(*head_, log, [&] {
        impl_->pool.install(params, head_->handle());
        return llama_init_from_model(head_->handle(), params);
    });
    llama_set_embeddings_nextn(impl_->context.get(), true, /*masked=*/false);
    probe();
    model.tap(shape.layers);
}

HeadReader::~HeadReader() = default;

void HeadReader::probe() {
    llama_context * const context = impl_->context.get();
    const int32_t n_threads = llama_n_threads(context);
    const Token token = std::max(0, llama_vocab_bos(head_->vocab()));
    const PageId page = 0;
    Batch batch;
    batch.rows.push_back({0, 0, &token, 1, 0, &page, 1, true, true});
    batch.n_tokens = 1;
    llama_set_n_threads(context, 1, 1);
    std::string why = "it cannot be computed";
    bool computed = false;
    try {
        computed = impl_->compute(batch);
        const auto finite = [](float logit) { return std::isfinite(logit); };
        if (computed && !std::any_of(logits(0), logits(0) + head_->info().vocab_size, finite)) {
            computed = false;
            why = "its output is not a number";
        }
    } catch (const std::exception & e) {
        computed = false;
        why = e.what();
    }
    llama_set_n_threads(context, n_threads, n_threads);
    if (!computed) throw Error("MODEL_INVALID", head_->info().path + ": " + why);
    release(0);
}

int64_t HeadReader::pool_bytes() const {
    const int64_t n_pages = impl_->n_pages;
    return n_pages * impl_->pool.page_bytes() + HiddenStates::bytes(n_pages * impl_->page_tokens, impl_->shape.width);
}

int32_t HeadReader::shift() const {
    return impl_->shape.shift;
}

/** The row's tokens, and where the vectors beside them come from. */
void HeadReader::Impl::add(const BatchRow & row) {
    const Own & drafted = own[static_cast<size_t>(row.slot)];
    for (int32_t i = 0; i < row.n_tokens; ++i) {
        const int32_t before = row.n_past + i + shape.shift - 1;  // the token whose hidden state is read
        float * const vector = inputs.vector(inputs.n);
        if (before < 0) {
            std::fill(vector, vector + shape.inner, 0.0f);
        } else if (before == drafted.token) {
            std::copy(drafted.state.begin(), drafted.state.end(), vector);
        } else if (shape.mtp) {
            states.read(row.pages, before, vector);
        } else {
            unread.push_back({row.pages, before, inputs.n});
        }
        inputs.add(row.tokens[i], row.n_past + i, row.slot, row.sample && i == row.n_tokens - 1);
    }
}

/** Hidden states of the model become vectors of an EAGLE-3 head. */
bool HeadReader::Impl::encode() {
    for (size_t from = 0; from < unread.size(); from += kMostEncoded) {
        const size_t n = std::min<size_t>(kMostEncoded, unread.size() - from);
        for (size_t i = 0; i < n; ++i) {
            states.read(unread[from + i].pages, unread[from + i].token, hidden.data() + i * shape.width);
        }
        const llama_batch batch{static_cast<int32_t>(n), nullptr, hidden.data(), nullptr, nullptr, nullptr, nullptr};
        if (llama_encode(context.get(), batch) != 0) return false;
        const float * const vectors = llama_get_embeddings_nextn(context.get());
        if (!vectors) return false;
        for (size_t i = 0; i < n; ++i) {
            const float * const vector = vectors + i * shape.inner;
            std::copy(vector, vector + shape.inner, inputs.vector(unread[from + i].at));
        }
    }
    return true;
}

bool HeadReader::Impl::compute(const Batch & batch) {
    outputs.assign(batch.rows.size(), -1);
    if (batch.n_tokens > capacity) return false;
    if (!batch.copies.empty() &&
        !pool.copy_pages(batch.copies.data(), static_cast<int32_t>(batch.copies.size()))) {
        return false;
    }
    inputs.n = 0;
    unread.clear();
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        add(batch.rows[r]);
        if (batch.rows[r].sample) outputs[r] = inputs.n - 1;
    }
    if (inputs.n == 0) return true;
    if (!encode()) return false;
    for (const BatchRow & row : batch.rows) pool.bind(row.slot, row.pages, row.n_pages, row.n_past);
    if (llama_decode(context.get(), inputs.batch()) != 0) return false;
    for (size_t r = 0; r < batch.rows.size(); ++r) {
        if (outputs[r] < 0) continue;
        const BatchRow & row = batch.rows[r];
        const float * const state = llama_get_embeddings_nextn_ith(context.get(), outputs[r]);
        if (!state) return false;
        Own & drafted = own[static_cast<size_t>(row.slot)];
        drafted.token = row.n_past + row.n_tokens - 1 + shape.shift;
        drafted.state.assign(state, state + shape.inner);
    }
    return true;
}

bool HeadReader::run(const Batch & batch) {
    try {
        return impl_->compute(batch);
    } catch (const std::exception &) {
        return false;
    }
}

const float * HeadReader::logits(size_t row) const {
    const float * const logits = llama_get_logits_ith(impl_->context.get(), impl_->outputs[row]);
    if (!logits) throw Error("STEP_FAILED", "the head gave no logits");
    return logits;
}

void HeadReader::release(SlotId slot) {
    impl_->pool.reset(slot);
    impl_->own[static_cast<size_t>(slot)].token = -1;
}

bool HeadReader::can_read(const PageId * pages, int32_t /*begin*/, int32_t end) const {
    return impl_->states.knows(pages, std::max(0, end + impl_->shape.shift - 1));
}

void HeadReader::follow(const Batch & step) {
    impl_->states.follow(step);
    for (Impl::Own & own : impl_->own) own.token = -1;  // of the step before
}

void HeadReader::forget(PageId page) {
    impl_->states.forget(page);
}

void HeadReader::hear(const Batch & step, Runner & model) {
    const auto n_layers = static_cast<int32_t>(impl_->shape.layers.size());
    const int32_t width = impl_->shape.width / n_layers;
    for (size_t r = 0; r < step.rows.size(); ++r) {
        if (model.refused(r)) continue;
        const BatchRow & row = step.rows[r];
        for (int32_t k = 0; k < n_layers; ++k) {
            const float * const input = model.layer_input(r, impl_->shape.layers[static_cast<size_t>(k)]);
            for (int32_t i = 0; i < row.n_tokens; ++i) {
                impl_->states.write(row.pages, row.n_past + i, k * width, input + int64_t{i} * width, width);
            }
        }
        impl_->states.learn(row.pages, row.n_past, row.n_past + row.n_tokens);
    }
}

}  // namespace banyan
