// Requests on a Runner that come and go, with pages handed out one after the other in place of the core.
#pragma once

#include <memory>
#include <vector>

#include "runner/model.h"
#include "runner/runner.h"
#include "runner/sampling/device-sampler.h"
#include "runner/sampling/token-sampler.h"

namespace banyan::test {

/** The model of BANYAN_TEST_MODEL, loaded once; BANYAN_TEST_GPU_LAYERS of it on the GPU (0). */
std::shared_ptr<const Model> fleet_model();

/** 8 slots, 256 pages of 16 tokens, 1 thread. */
RunnerOptions fleet_options();

/** n plain tokens that a seed tells apart. */
std::vector<Token> prompt_of(int n, int seed);

class Fleet {
  public:
    explicit Fleet(const RunnerOptions & options);

    /**
     * Prefills the prompt in a step of its own and samples the first token. Returns the request's slot.
     * banned: tokens that the device must not choose (the host is not told).
     */
    SlotId add(const std::vector<Token> & prompt, const SamplingOptions & sampling = {},
               const std::vector<Token> & banned = {});
    void remove(SlotId slot);
    /** One decode step of every request. */
    void step();

    /** What the slot's present request has generated. */
    const std::vector<Token> & output(SlotId slot) const { return requests_[slot]->output; }
    /** Sampled rows of the last step whose token the device chose. */
    int by_device() const { return by_device_; }
    /** Graphs that llama.cpp used again, ever. */
    int reused() const;
    const Runner & runner() const { return runner_; }
    /** Where the slot's next token will be stored, in cells of the pool. */
    int32_t next_cell(SlotId slot) const;

  private:
    struct Request {
        std::vector<Token> tokens, output;  // prompt and output; output
        std::vector<PageId> pages;
        std::unique_ptr<TokenSampler> sampler;
        std::unique_ptr<DeviceSampler> device;  // in place of the sampler's own; nullptr: that
        int32_t n_past = 0;
        bool first = true;
    };
    void run(const std::vector<SlotId> & slots);

    std::atomic<bool> abort_{false};
    RunnerOptions options_;
    Runner runner_;
    std::vector<std::unique_ptr<Request>> requests_;  // by slot
    PageId next_page_ = 0;
    int by_device_ = 0;
};

}  // namespace banyan::test
