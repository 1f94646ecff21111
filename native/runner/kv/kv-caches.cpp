#include "runner/kv/kv-caches.h"

#include "llama-kv-cache-dsa-iswa.h"
#include "llama-kv-cache-dsa.h"
#include "llama-kv-cache-iswa.h"
#include "llama-kv-cache.h"
#include "llama-memory-hybrid-iswa.h"
#include "llama-memory-hybrid.h"
#include "llama-memory-recurrent.h"

namespace banyan {

std::vector<llama_kv_cache *> attention_caches(llama_memory_t memory) {
    if (auto * cache = dynamic_cast<llama_kv_cache *>(memory)) return {cache};
    if (auto * iswa = dynamic_cast<llama_kv_cache_iswa *>(memory)) return {iswa->get_base(), iswa->get_swa()};
    if (auto * dsa = dynamic_cast<llama_kv_cache_dsa *>(memory)) return {dsa->get_mla(), dsa->get_lid()};
    if (auto * both = dynamic_cast<llama_kv_cache_dsa_iswa *>(memory)) {
        std::vector<llama_kv_cache *> caches = attention_caches(both->get_dsa());
        caches.push_back(both->get_swa());
        return caches;
    }
    if (auto * hybrid = dynamic_cast<llama_memory_hybrid *>(memory)) return attention_caches(hybrid->get_mem_attn());
    if (auto * hybrid = dynamic_cast<llama_memory_hybrid_iswa *>(memory)) {
        return attention_caches(hybrid->get_mem_attn());
    }
    return {};
}

llama_memory_recurrent * recurrent_memory(llama_memory_t memory) {
    if (auto * hybrid = dynamic_cast<llama_memory_hybrid *>(memory)) return hybrid->get_mem_recr();
    if (auto * hybrid = dynamic_cast<llama_memory_hybrid_iswa *>(memory)) return hybrid->get_mem_recr();
    return dynamic_cast<llama_memory_recurrent *>(memory);
}

}  // namespace banyan
