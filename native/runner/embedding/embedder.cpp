#include "runner/embedding/embedder.h"

#include <algorithm>
#include <cmath>

#include "common.h"
#include "ggml-backend.h"
#include "llama-model.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"
#include "runner/kv-size.h"
#include "runner/kv-type.h"
#include "runner/model.h"

namespace banyan {

struct Embedder::BatchMemory {
    llama_batch batch;
    explicit BatchMemory(int32_t n_tokens) : batch(llama_batch_init(n_tokens, 0, 1)) {}
    ~BatchMemory() { llama_batch_free(batch); }
};

namespace {

constexpr int32_t kMaxTokens = 8192;                    // of a text, unless the caller wants more
constexpr int32_t kLeastPacked = 32;                    // fewer tokens fill no matrix product
constexpr int64_t kExactScoreBytes = int64_t{1} << 28;  // attention scores of a batch in f32, one layer

enum llama_pooling_type to_llama(Pooling pooling) {
    if (pooling == Pooling::cls) return LLAMA_POOLING_TYPE_CLS;
    return pooling == Pooling::last ? LLAMA_POOLING_TYPE_LAST : LLAMA_POOLING_TYPE_MEAN;
}

bool on_cpu(const Model & model) {
    return ggml_backend_dev_type(model.handle()->dev_output()) == GGML_BACKEND_DEVICE_TYPE_CPU;
}

bool keeps_nothing(const Model & model) {
    return model.info().paging.path == AttentionPath::encoder;
}

int32_t text_tokens(const Model & model, const RunnerOptions & options, int32_t max_context) {
    const int64_t trained = std::max(model.info().context_train, 1);
    int64_t most = max_context > 0 ? max_context : kMaxTokens;
    const int64_t per_token = keeps_nothing(model) ? 0 : kv_bytes_per_token(model, options.type_k, options.type_v);
    const int64_t free = free_kv_memory(model);
    if (max_context == 0 && per_token > 0 && free > 0) most = std::min(most, free / 4 / per_token);
    if (options.kv_tokens > 0) most = std::min(most, options.kv_tokens);
    return static_cast<int32_t>(std::max<int64_t>(1, std::min(trained, most)));
}

/**
 * Flash attention rounds keys and values to f16. Of an encoder whose batches are small that saves little, and plain
 * attention gives what the model's authors get.
 */
llama_flash_attn_type flash_attention(const Model & model, int64_t batch_tokens) {
    const int64_t scores = model.handle()->hparams.n_head() * batch_tokens * batch_tokens * sizeof(float);
    const bool plain = keeps_nothing(model) && scores <= kExactScoreBytes;
    return plain ? LLAMA_FLASH_ATTN_TYPE_DISABLED : LLAMA_FLASH_ATTN_TYPE_AUTO;
}

}  // namespace

int32_t packed_tokens(int32_t batch_tokens, int32_t width) {
    return std::min(batch_tokens, std::max(kLeastPacked, width / 4));
}

Embedder::Embedder(std::shared_ptr<const Model> model, const RunnerOptions & options, Pooling pooling,
                   int32_t max_context, const std::atomic<bool> & abort)
    : model_(std::move(model)), abort_(abort) {
    backend::LogCapture log;
    backend::AssertGuard guard;
    const bool pieces = reads_in_pieces(*model_, pooling);
    info_.size = llama_model_n_embd_out(model_->handle());
    info_.max_tokens = text_tokens(*model_, options, max_context);
    info_.batch_tokens = pieces ? options.max_batch_tokens : std::max(options.max_batch_tokens, info_.max_tokens);
    info_.packed_tokens = info_.batch_tokens;
    if (keeps_nothing(*model_) && on_cpu(*model_)) {
        info_.packed_tokens = packed_tokens(info_.batch_tokens, llama_model_n_embd(model_->handle()));
    }
    info_.batch_texts = std::min<int32_t>(options.max_running, LLAMA_MAX_SEQ - 1);

    llama_context_params params = llama_context_default_params();
    // llama.cpp reserves memory for a batch of equal texts, and pools wrongly when its tokens cannot be shared equally.
    params.n_seq_max = info_.batch_texts + 1;
    params.n_batch = params.n_ubatch = (info_.batch_tokens / params.n_seq_max + 1) * params.n_seq_max;
    params.n_ctx = params.n_ubatch + (pieces ? info_.max_tokens : 0);
    params.n_threads = params.n_threads_batch = options.threads > 0 ? options.threads : backend::physical_cores();
    params.type_k = ggml_type_of(options.type_k);
    params.type_v = ggml_type_of(options.type_v);
    params.flash_attn_type = flash_attention(*model_, info_.batch_tokens);
    params.pooling_type = to_llama(pooling);
    params.embeddings = true;
    params.kv_unified = true;
    params.no_perf = true;
    params.abort_callback = ends_step;
    params.abort_callback_data = this;
    context_ = made_context(*model_, log, [&] { return llama_init_from_model(model_->handle(), params); });
    batch_ = std::make_unique<BatchMemory>(info_.batch_tokens);
    probe(params.n_threads);

    RunnerInfo & runner = info_.runner;
    const ggml_backend_dev_t device = model_->handle()->dev_output();
    runner.attention = runner.kernel = "stock";
    runner.backend = ggml_backend_dev_name(device);
    if (on_cpu(*model_)) runner.cpu_reason = backend::cpu_reason();
    runner.prefix_reuse = false;
    runner.no_reuse_reason = "an embedding model: nothing of a text is kept";
}

Embedder::~Embedder() = default;

bool Embedder::ends_step(void * embedder) {
    const Embedder & self = *static_cast<Embedder *>(embedder);
    return self.abort_.load(std::memory_order_relaxed) || (self.stops_ && self.stops_());
}

/** One token through the whole graph, on this thread alone, where an assertion can be caught; see Runner::probe. */
void Embedder::probe(int32_t n_threads) {
    const Token token = std::max(0, llama_vocab_bos(model_->vocab()));
    llama_set_n_threads(context_.get(), 1, 1);
    std::string why = "it cannot be computed";
    bool computed = false;
    try {
        computed = compute({{1, &token, 1, 0}});
        if (computed) finished_vector(vector(1), info_.size, false);
    } catch (const std::exception & e) {
        computed = false;
        why = e.what();
    }
    llama_set_n_threads(context_.get(), n_threads, n_threads);
    if (!computed) throw Error("MODEL_INVALID", model_->info().path + ": " + why, "modelPath");
    release(1);
}

bool Embedder::run(const std::vector<EmbeddingPiece> & pieces) {
    bool computed = false;
    try {
        computed = compute(pieces);
    } catch (const std::exception &) {
        // Too little memory for the graph: these texts fail, no others.
    }
    if (!computed) {
        for (const EmbeddingPiece & piece : pieces) release(piece.slot);
    }
    return computed;
}

bool Embedder::compute(const std::vector<EmbeddingPiece> & pieces) {
    llama_batch & batch = batch_->batch;
    batch.n_tokens = 0;
    for (const EmbeddingPiece & piece : pieces) {
        if (batch.n_tokens + piece.n_tokens > info_.batch_tokens) return false;
        if (piece.from == 0) release(piece.slot);
        for (int32_t i = 0; i < piece.n_tokens; ++i) {
            common_batch_add(batch, piece.tokens[i], piece.from + i, {piece.slot}, true);
        }
    }
    if (llama_decode(context_.get(), batch) != 0) return false;
    llama_synchronize(context_.get());
    return true;
}

void Embedder::release(int32_t slot) {
    if (llama_memory_t memory = llama_get_memory(context_.get())) llama_memory_seq_rm(memory, slot, -1, -1);
}

const float * Embedder::vector(int32_t slot) const {
    const float * pooled = llama_get_embeddings_seq(context_.get(), slot);
    if (!pooled) throw Error("STEP_FAILED", "llama.cpp gave no vector");
    return pooled;
}

std::vector<float> finished_vector(const float * pooled, int32_t size, bool normalize) {
    if (!std::all_of(pooled, pooled + size, [](float x) { return std::isfinite(x); })) {
        throw Error("STEP_FAILED", "the model's output is not a number");
    }
    constexpr int kAsIs = -1, kEuclidean = 2;
    std::vector<float> out(static_cast<size_t>(size));
    common_embd_normalize(pooled, out.data(), size, normalize ? kEuclidean : kAsIs);
    return out;
}

}  // namespace banyan
