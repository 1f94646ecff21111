// Finds the attention caches inside whatever memory llama.cpp built for a model.
#pragma once

#include <vector>

#include "llama.h"

class llama_kv_cache;

namespace banyan {

/** The attention caches of a memory (base before window layers); empty: none that a pager can serve. */
std::vector<llama_kv_cache *> attention_caches(llama_memory_t memory);

}  // namespace banyan
