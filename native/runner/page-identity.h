// What the bytes of a page, and of a saved state, depend on beside their tokens: for those that are kept longer than
// one load.
#pragma once

#include <cstdint>
#include <string>

struct llama_context;

namespace banyan {

class Model;
struct RunnerOptions;

/**
 * SHA-256, in hex, over the model's digest, the version of llama.cpp, the cache's types, page size and bytes, how
 * positions are encoded, and the layout of recurrent states ('': there are none). Two contexts of one identity may use
 * each other's pages and states. Not in it: threads, device, kernel.
 * They round differently, as the steps of one context do. '' when the model's digest is not known: then no page may be
 * kept.
 */
std::string page_identity(const Model & model, const llama_context & context, const RunnerOptions & options,
                          int64_t page_bytes, const std::string & state_layout);

}  // namespace banyan
