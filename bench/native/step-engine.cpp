#include "step-engine.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"
#include "llama-batch.h"
#include "llama-kv-cache.h"
#include "runner/kv/kv-pool.h"

namespace banyan::bench {

namespace {

llama_context_params params_of(const StepCase & c, int n_threads) {
    llama_context_params params = llama_context_default_params();
    params.n_batch = params.n_ubatch = static_cast<uint32_t>(std::max(512, c.rows * c.n_new));
    params.n_seq_max = static_cast<uint32_t>(c.rows);
    params.n_outputs_max = static_cast<uint32_t>(c.rows);
    params.n_threads = params.n_threads_batch = n_threads;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    return params;
}

int round_up(int n, int step) { return (n + step - 1) / step * step; }

/** Cells that the rows take, new tokens included, when they share `shared` tokens. */
int cells_of(const StepCase & c, int shared) {
    return shared + c.rows * round_up(c.context - shared + c.n_new, StepCase::kPage);
}

class Base : public StepEngine {
  public:
    Base(llama_context * context, const StepCase & c) : context_(context), c_(c) {
        if (!context) throw std::runtime_error("no context");
        batch_ = llama_batch_init(c.rows * c.n_new, 0, 1);
        for (int row = 0; row < c.rows; ++row) {
            for (int i = 0; i < c.n_new; ++i) {
                const int b = batch_.n_tokens++;
                batch_.token[b] = 1000 + row * 7 + i;
                batch_.pos[b] = c.context + i;
                batch_.n_seq_id[b] = 1;
                batch_.seq_id[b][0] = row;
                batch_.logits[b] = i == c.n_new - 1;
            }
        }
        cache_ = dynamic_cast<llama_kv_cache *>(llama_get_memory(context));
        if (!cache_) throw std::runtime_error("the model's cache is not a plain llama_kv_cache");
        fill_with_noise();
    }
    ~Base() override {
        llama_batch_free(batch_);
        llama_free(context_);
    }

    bool launch() override { return llama_decode(context_, batch_) == 0; }
    bool wait() override {
        llama_synchronize(context_);
        return true;
    }

  protected:
    llama_context * context_;
    StepCase c_;
    llama_batch batch_{};
    llama_kv_cache * cache_ = nullptr;

  private:
    void fill_with_noise() {
        std::mt19937 rng(1);
        std::normal_distribution<float> normal(0, 0.5f);
        std::vector<ggml_fp16_t> noise(1 << 20);
        for (ggml_fp16_t & x : noise) x = ggml_fp32_to_fp16(normal(rng));
        for (const uint32_t layer : cache_->get_layer_ids()) {
            for (ggml_tensor * t : {cache_->get_k_storage(layer), cache_->get_v_storage(layer)}) {
                for (size_t at = 0; at < ggml_nbytes(t);) {
                    const size_t n = std::min(ggml_nbytes(t) - at, noise.size() * sizeof(ggml_fp16_t));
                    ggml_backend_tensor_set(t, noise.data(), at, n);
                    at += n;
                }
            }
        }
    }
};

class Stock final : public Base {
  public:
    Stock(llama_context * context, const StepCase & c, bool unified) : Base(context, c), unified_(unified) {
        const int shared = unified ? c.shared() : 0;  // streams cannot share
        if (shared > 0) occupy(0, 0, shared);
        for (int row = 1; shared > 0 && row < c.rows; ++row) {
            llama_memory_seq_cp(llama_get_memory(context), 0, row, 0, shared);
        }
        for (int row = 0; row < c.rows; ++row) occupy(row, shared, c.context);
    }

    void undo() override {
        for (int row = 0; row < c_.rows; ++row) llama_memory_seq_rm(llama_get_memory(context_), row, c_.context, -1);
    }

  private:
    /** Marks cells as holding positions [first, end) of the row, as if they had been computed. */
    void occupy(int row, int first, int end) {
        const llama_vocab * vocab = llama_model_get_vocab(llama_get_model(context_));
        const int n_embd = llama_model_n_embd(llama_get_model(context_));
        for (int p = first; p < end; p += 256) {
            const int n = std::min(256, end - p);
            llama_batch batch = llama_batch_init(n, 0, 1);
            for (int i = 0; i < n; ++i) {
                batch.token[i] = 100 + i;
                batch.pos[i] = p + i;
                batch.n_seq_id[i] = 1;
                batch.seq_id[i][0] = row;
                batch.logits[i] = 0;
            }
            batch.n_tokens = n;
            llama_batch_allocr allocr(1);
            allocr.init(batch, *vocab, nullptr, n_embd, LLAMA_MAX_SEQ, false);
            const llama_ubatch ubatch = unified_ ? allocr.split_simple(n) : allocr.split_equal(n, true, 0);
            const auto slot = cache_->find_slot(ubatch, false);
            if (slot.empty()) throw std::runtime_error("the stock cache is too small");
            cache_->apply_ubatch(slot, ubatch);
            llama_batch_free(batch);
        }
    }

    bool unified_;
};

class Paged final : public Base {
  public:
    Paged(std::unique_ptr<KvPool> pool, llama_context * context, const StepCase & c)
        : Base(context, c), pool_(std::move(pool)), pages_(c.rows) {
        PageId next = 0;
        for (int p = 0; p < c.shared() / StepCase::kPage; ++p, ++next) {
            for (auto & pages : pages_) pages.push_back(next);
        }
        for (auto & pages : pages_) {
            while (static_cast<int>(pages.size()) * StepCase::kPage < c.context + c.n_new) pages.push_back(next++);
        }
    }

    bool launch() override {
        for (int row = 0; row < c_.rows; ++row) {
            pool_->bind(row, pages_[row].data(), static_cast<int32_t>(pages_[row].size()), c_.context);
        }
        return Base::launch();
    }

    void undo() override {}  // bind says how much the row holds

  private:
    std::unique_ptr<KvPool> pool_;
    std::vector<std::vector<PageId>> pages_;
};

}  // namespace

const char * name_of(Kind kind) {
    switch (kind) {
        case Kind::unified: return "unified";
        case Kind::streams: return "streams";
        case Kind::paged: return "paged";
        case Kind::dense: return "dense mask";
    }
    return "";
}

std::unique_ptr<StepEngine> make_engine(Kind kind, llama_model * model, const StepCase & c, int n_threads) {
    llama_context_params params = params_of(c, n_threads);
    if (kind == Kind::paged || kind == Kind::dense) {
        const int n_pages = round_up(cells_of(c, c.shared()), 256) / StepCase::kPage;
        const AttentionMode mode = kind == Kind::paged ? AttentionMode::paged : AttentionMode::dense;
        auto pool = std::make_unique<KvPool>(n_pages, StepCase::kPage, c.rows, mode);
        pool->install(params, model);
        llama_context * context = llama_init_from_model(model, params);
        return std::make_unique<Paged>(std::move(pool), context, c);
    }
    const bool unified = kind == Kind::unified;
    params.kv_unified = unified;
    params.n_ctx = static_cast<uint32_t>(unified ? round_up(cells_of(c, c.shared()), 256)
                                                 : round_up(c.context + c.n_new, 256) * c.rows);
    return std::make_unique<Stock>(llama_init_from_model(model, params), c, unified);
}

}  // namespace banyan::bench
