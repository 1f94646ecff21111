// One request's way of having its tokens chosen where the logits are, by llama.cpp's backend samplers.
//
// Owns: the request's random numbers, which stay its own whatever slot it runs in. Changed by: SlotSamplers.
// Thread: made anywhere, then the engine thread.
#pragma once

#include <memory>
#include <vector>

#include "core/types.h"
#include "runner/sampling/sampling-options.h"

struct llama_sampler;

namespace banyan {

/** What a chain in the graph computes; requests with equal settings can use the same one. */
struct DeviceSettings {
    float temperature = 0.0f, top_p = 1.0f, min_p = 0.0f;  // as in SamplingOptions
    int32_t top_k = 0;
    std::vector<Token> banned;

    bool operator==(const DeviceSettings & other) const {
        return temperature == other.temperature && top_p == other.top_p && min_p == other.min_p &&
               top_k == other.top_k && banned == other.banned;
    }
};

class DeviceSampler {
  public:
    /** nullptr: only the host can choose so (penalties, log probabilities, a very wide top-k). */
    static std::unique_ptr<DeviceSampler> of(const SamplingOptions & options, const std::vector<Token> & banned);

    const DeviceSettings & settings() const { return settings_; }
    /** llama.cpp's "dist" sampler; nullptr: greedy. */
    llama_sampler * numbers() const { return numbers_.get(); }

    /** Who chooses this request's tokens. Fixed by the first token, so that a seed means one sequence of numbers. */
    enum class Place : uint8_t { undecided, device, host };
    Place place = Place::undecided;

  private:
    DeviceSettings settings_;
    struct Free {
        void operator()(llama_sampler * sampler) const;
    };
    std::unique_ptr<llama_sampler, Free> numbers_;
};

}  // namespace banyan
