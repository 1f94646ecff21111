#include "runner/sampling/device-sampler.h"

#include "llama.h"

namespace banyan {

namespace {

constexpr int32_t kWidestTopK = 1024;  // wider ones are rare, and llama.cpp's backends sort no more than some thousands

}  // namespace

std::unique_ptr<DeviceSampler> DeviceSampler::of(const SamplingOptions & options, const std::vector<Token> & banned) {
    if (options.penalised() || options.logprobs >= 0 || !options.biases.empty()) return nullptr;
    auto sampler = std::make_unique<DeviceSampler>();
    DeviceSettings & settings = sampler->settings_;
    settings.banned = banned;
    if (options.temperature <= 0) return sampler;
    if (options.top_k > kWidestTopK) return nullptr;
    settings.temperature = options.temperature;
    settings.top_k = options.top_k;
    settings.top_p = options.top_p;
    settings.min_p = options.min_p;
    sampler->numbers_.reset(llama_sampler_init_dist(options.llama_seed()));
    return sampler;
}

void DeviceSampler::Free::operator()(llama_sampler * sampler) const {
    llama_sampler_free(sampler);
}

}  // namespace banyan
