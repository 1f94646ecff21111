// The two ends of a sampler chain in llama.cpp's graph: what the host can still ask for, and what it is not sent.
#pragma once

struct ggml_tensor;
struct llama_sampler;

namespace banyan {

/**
 * First of a chain. Whenever a graph is built, `*logits` becomes its logits of all outputs, [vocab, outputs]: rows that
 * the host must see can be read from there one by one. `logits` outlives the chain.
 */
llama_sampler * make_logits_tap(ggml_tensor ** logits);

/** Last of a chain. Of what samplers compute only the token leaves the device: no logits, probabilities, candidates. */
llama_sampler * make_token_only();

}  // namespace banyan
