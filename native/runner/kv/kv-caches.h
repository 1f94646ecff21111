// Finds the attention caches and the recurrent states inside whatever memory llama.cpp built for a model.
#pragma once

#include <vector>

#include "llama.h"

class llama_kv_cache;
class llama_memory_recurrent;

namespace banyan {

/** The attention caches of a memory (base before window layers); empty: none that a pager can serve. */
std::vector<llama_kv_cache *> attention_caches(llama_memory_t memory);

/** The recurrent states of a hybrid (plain or with window layers) or of a recurrent model; nullptr: it has none. */
llama_memory_recurrent * recurrent_memory(llama_memory_t memory);

}  // namespace banyan
