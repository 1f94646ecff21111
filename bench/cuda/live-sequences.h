// How many agents of the fleet workload a device's memory holds at once, decoding.
#pragma once

struct llama_model;

namespace banyan::bench {

/**
 * 3,000 tokens shared by all, 500 by each of 8 roles, 11 calls of 64 own tokens. Makes a stock context of `streams`
 * streams, then a page pool of no more bytes, fills the pool with agents at their longest and decodes a step of all.
 * Prints the verdict. Throws std::runtime_error.
 */
void live_sequences(llama_model * model, int streams);

}  // namespace banyan::bench
