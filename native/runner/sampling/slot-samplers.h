// The sampler chains in a context's graph, one a slot, so that tokens leave the device and logits do not.
//
// Owns: the chains. Changed by: begin_step, assign, take. Thread: the engine thread.
// Invariant: every slot has a chain as long as the context lives. A row that the host samples goes through its slot's
// chain all the same and that token is thrown away: to attach or detach a chain costs llama.cpp a new graph.
#pragma once

#include <memory>
#include <vector>

#include "core/types.h"
#include "runner/sampling/device-sampler.h"

struct ggml_tensor;
struct llama_context;
struct llama_context_params;
struct llama_sampler_seq_config;
struct llama_vocab;

namespace banyan {

class SlotSamplers {
  public:
    /** banned: what no request of the model may get. Every slot starts with a greedy chain that knows them. */
    SlotSamplers(const llama_vocab * vocab, int32_t n_slots, const std::vector<Token> & banned);
    ~SlotSamplers();

    /** Attaches a chain to every slot. Call before llama_init_from_model; *this must outlive the context. */
    void install(llama_context_params & params);

    /** Before each decode, then assign for each of its rows that are sampled. */
    void begin_step();

    /** True: the device will choose the slot's token as `sampler` says. False: fetch the row's logits. */
    bool assign(llama_context * context, SlotId slot, DeviceSampler & sampler);

    /** After the decode: the token of output `index` (of llama.cpp's batch). -1: the device could not, fetch. */
    Token take(llama_context * context, int32_t index, SlotId slot, DeviceSampler & sampler);

    /**
     * After the decode: brings the logits of output `index`, the output-th of the batch, to where llama_get_logits_ith
     * finds them, and forgets the token that its chain chose. False: llama.cpp's graph is not what we know.
     */
    bool fetch(llama_context * context, int32_t index, int32_t output);

    /** Chains are exchanged for other settings in one step of so many: each time the graph is made anew. */
    static constexpr int32_t kStepsBetweenExchanges = 64;

  private:
    struct Slot;
    Slot make_slot(const DeviceSettings & settings);

    const llama_vocab * vocab_;
    std::vector<Slot> slots_;
    std::vector<llama_sampler_seq_config> configs_;
    ggml_tensor * logits_ = nullptr;  // of the context's present graph
    int32_t steps_since_exchange_ = kStepsBetweenExchanges;
};

}  // namespace banyan
