#include "runner/sequences.h"

#include <algorithm>
#include <numeric>

#include "runner/kv/kv-pool.h"

namespace banyan::test {

namespace {

constexpr int kCells = 2048;

llama_context_params base_params(ggml_type type) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = kCells;
    params.n_batch = 512;
    params.n_ubatch = 64;  // so that a prefill takes several
    params.n_seq_max = kSequences;
    params.type_k = params.type_v = type;
    params.n_threads = params.n_threads_batch = 1;
    params.n_outputs_max_per_seq = 0;
    return params;
}

class Stock final : public Sequences {
  public:
    explicit Stock(llama_context * context) : Sequences(context) {}
    ~Stock() override { llama_free(context_); }

    void fork(int src, int dst, int n) override {
        llama_memory_seq_cp(llama_get_memory(context_), src, dst, 0, n);
        lengths_[dst] = n;
    }

    void truncate(int sequence, int n) override {
        llama_memory_seq_rm(llama_get_memory(context_), sequence, n, -1);
        lengths_[sequence] = n;
    }

  private:
    bool prepare(int, int) override { return true; }
};

class Paged final : public Sequences {
  public:
    Paged(std::unique_ptr<KvPool> pool, llama_context * context, int page_tokens)
        : Sequences(context), pool_(std::move(pool)), page_tokens_(page_tokens), refs_(kCells / page_tokens) {
        free_.resize(refs_.size());
        std::iota(free_.begin(), free_.end(), 0);
        std::reverse(free_.begin() + 3, free_.end());  // pages of a sequence are not neighbours
    }
    ~Paged() override { llama_free(context_); }

    void fork(int src, int dst, int n) override {
        for (int i = 0; i < n / page_tokens_; ++i) {
            pages_[dst].push_back(pages_[src][i]);
            ++refs_[pages_[src][i]];
        }
        lengths_[dst] = n;
        if (n % page_tokens_ != 0) pages_[dst].push_back(copy_of(pages_[src][n / page_tokens_], n % page_tokens_));
        pool_->bind(dst, pages_[dst].data(), static_cast<int32_t>(pages_[dst].size()), n);
    }

    void truncate(int sequence, int n) override {
        std::vector<PageId> & pages = pages_[sequence];
        while (static_cast<int>(pages.size()) > (n + page_tokens_ - 1) / page_tokens_) {
            release(pages.back());
            pages.pop_back();
        }
        const int tail = n % page_tokens_;
        if (tail != 0 && refs_[pages.back()] > 1) {  // what follows would be written into another's page
            const PageId own = copy_of(pages.back(), tail);
            release(pages.back());
            pages.back() = own;
        }
        if (n == 0) llama_memory_seq_rm(llama_get_memory(context_), sequence, -1, -1);
        lengths_[sequence] = n;
    }

  private:
    bool prepare(int sequence, int n) override {
        std::vector<PageId> & pages = pages_[sequence];
        while (static_cast<int>(pages.size()) * page_tokens_ < lengths_[sequence] + n) {
            if (free_.empty()) return false;
            pages.push_back(take());
        }
        pool_->bind(sequence, pages.data(), static_cast<int32_t>(pages.size()), lengths_[sequence]);
        return true;
    }

    PageId take() {
        const PageId page = free_.back();
        free_.pop_back();
        refs_[page] = 1;
        return page;
    }

    void release(PageId page) {
        if (--refs_[page] == 0) free_.insert(free_.begin() + static_cast<int>(free_.size()) / 2, page);
    }

    PageId copy_of(PageId page, int n_tokens) {
        const PageId own = take();
        const PageCopy copy{page, own, n_tokens};
        pool_->copy_pages(&copy, 1);
        return own;
    }

    std::unique_ptr<KvPool> pool_;
    int page_tokens_;
    std::vector<int> refs_;
    std::vector<PageId> free_;
    std::vector<PageId> pages_[kSequences];
};

}  // namespace

bool Sequences::decode(const std::vector<TokenAt> & tokens, std::vector<float> & logits) {
    int counts[kSequences] = {};
    for (const TokenAt & t : tokens) ++counts[t.sequence];
    for (int s = 0; s < kSequences; ++s) {
        if (counts[s] > 0 && !prepare(s, counts[s])) return false;
    }
    llama_batch batch = llama_batch_init(static_cast<int32_t>(tokens.size()), 0, 1);
    for (const TokenAt & t : tokens) {
        const int i = batch.n_tokens++;
        batch.token[i] = t.token;
        batch.pos[i] = lengths_[t.sequence]++;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = t.sequence;
        batch.logits[i] = t.logits;
    }
    const bool ok = llama_decode(context_, batch) == 0;
    const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context_)));
    for (size_t i = 0; ok && i < tokens.size(); ++i) {
        if (!tokens[i].logits) continue;
        const float * row = llama_get_logits_ith(context_, static_cast<int32_t>(i));
        logits.insert(logits.end(), row, row + n_vocab);
    }
    llama_batch_free(batch);
    return ok;
}

std::unique_ptr<Sequences> stock_sequences(llama_model * model, ggml_type type, Reference reference) {
    llama_context_params params = base_params(type);
    params.kv_unified = true;
    params.flash_attn_type =
        reference == Reference::flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context * context = llama_init_from_model(model, params);
    return context ? std::make_unique<Stock>(context) : nullptr;
}

std::unique_ptr<Sequences> paged_sequences(llama_model * model, const PagedOptions & options) {
    llama_context_params params = base_params(options.type);
    params.n_threads = params.n_threads_batch = options.n_threads;
    const AttentionMode mode = options.dense ? AttentionMode::dense : AttentionMode::automatic;
    auto pool = std::make_unique<KvPool>(kCells / options.page_tokens, options.page_tokens, kSequences, mode);
    pool->install(params, model);
    llama_context * context = llama_init_from_model(model, params);
    if (!context) return nullptr;
    return std::make_unique<Paged>(std::move(pool), context, options.page_tokens);
}

}  // namespace banyan::test
