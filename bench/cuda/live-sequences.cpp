#include "live-sequences.h"

#include <memory>
#include <stdexcept>
#include <vector>

#include "cuda/verdict.h"
#include "ggml.h"
#include "llama-kv-cache.h"
#include "runner/kv/kv-pool.h"

namespace banyan::bench {

using namespace test;

namespace {

constexpr int kShared = 3000, kRole = 500, kRoles = 8, kOwn = 11 * 64;
constexpr int kLongest = kShared + kRole + kOwn;
constexpr int kPage = 32;

struct FreeContext {
    void operator()(llama_context * context) const { llama_free(context); }
};
using Context = std::unique_ptr<llama_context, FreeContext>;

llama_context_params params_of(int sequences) {
    llama_context_params params = llama_context_default_params();
    params.n_batch = params.n_ubatch = 512;
    params.n_seq_max = params.n_outputs_max = static_cast<uint32_t>(sequences);
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    return params;
}

Context make(llama_model * model, const llama_context_params & params) {
    Context context(llama_init_from_model(model, params));
    if (!context) throw std::runtime_error("no context");
    return context;
}

size_t kv_bytes(const Context & context) {
    const auto * cache = dynamic_cast<const llama_kv_cache *>(llama_get_memory(context.get()));
    size_t bytes = 0;
    for (const uint32_t layer : cache->get_layer_ids()) {
        bytes += ggml_nbytes(cache->get_k_storage(layer)) + ggml_nbytes(cache->get_v_storage(layer));
    }
    return bytes;
}

/** Block tables of as many agents as the pages hold: whole pages by reference, the rest of a prefix copied. */
std::vector<std::vector<PageId>> agents_in(int n_pages) {
    PageId next = 0;
    const auto grow = [&next](std::vector<PageId> & pages, int n) {
        while (static_cast<int>(pages.size()) < n) pages.push_back(next++);
    };
    std::vector<PageId> shared;
    grow(shared, kShared / kPage);
    std::vector<std::vector<PageId>> roles(kRoles, shared), agents;
    for (auto & role : roles) grow(role, (kShared + kRole) / kPage);
    const int whole = (kLongest + kPage) / kPage;  // and one token more: the step's
    while (next + whole - (kShared + kRole) / kPage <= n_pages) {
        agents.push_back(roles[agents.size() % kRoles]);
        grow(agents.back(), whole);
    }
    return agents;
}

}  // namespace

void live_sequences(llama_model * model, int streams) {
    llama_context_params params = params_of(streams);
    params.kv_unified = false;
    params.n_ctx = static_cast<uint32_t>((kLongest + 1 + 255) / 256 * 256 * streams);
    const size_t stock_bytes = kv_bytes(make(model, params));
    const int n_pages = static_cast<int>(params.n_ctx) / kPage;
    const std::vector<std::vector<PageId>> agents = agents_in(n_pages);
    const int n = static_cast<int>(agents.size());

    llama_context_params paged_params = params_of(n);
    KvPool pool(n_pages, kPage, n, AttentionMode::paged);
    pool.install(paged_params, model);
    const Context context = make(model, paged_params);
    const size_t paged_bytes = kv_bytes(context);
    llama_batch batch = llama_batch_init(n, 0, 1);
    for (int i = 0; i < n; ++i) {
        pool.bind(i, agents[i].data(), static_cast<int32_t>(agents[i].size()), kLongest);
        batch.token[i] = 1 + i;
        batch.pos[i] = kLongest;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = i;
        batch.logits[i] = true;
    }
    batch.n_tokens = n;
    const bool ran = llama_decode(context.get(), batch) == 0;
    llama_synchronize(context.get());
    llama_batch_free(batch);
    if (!ran) throw std::runtime_error("the step of all agents was refused");
    std::printf("\n## Live sequences at equal memory, fleet of agents at their longest (%d tokens)\n\n", kLongest);
    std::printf("stock: %d streams in %.1f MiB of KV; paged: %d sequences in %.1f MiB, all decoded in one step\n",
                streams, static_cast<double>(stock_bytes) / 1048576, n, static_cast<double>(paged_bytes) / 1048576);
    if (paged_bytes > stock_bytes) throw std::runtime_error("the pool is larger than stock's cache");
    verdict(4, "live sequences, paged / stock streams", static_cast<double>(n) / streams, Bound::at_least, 5.0);
}

}  // namespace banyan::bench
