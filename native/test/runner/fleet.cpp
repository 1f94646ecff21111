#define BANYAN_TEST_NO_MAIN
#include "runner/fleet.h"

#include <cstdlib>

#include "check.h"
#include "llama.h"

namespace banyan::test {

std::shared_ptr<const Model> fleet_model() {
    static const std::atomic<bool> never{false};
    static const std::shared_ptr<const Model> model = [] {
        const char * path = std::getenv("BANYAN_TEST_MODEL");
        const char * gpu_layers = std::getenv("BANYAN_TEST_GPU_LAYERS");
        return Model::load(path ? path : "", {gpu_layers ? std::atoi(gpu_layers) : 0}, nullptr, never);
    }();
    return model;
}

RunnerOptions fleet_options() {
    RunnerOptions options;
    options.threads = 1;
    options.page_tokens = 16;
    options.kv_tokens = 256 * 16;
    options.max_running = 8;
    options.max_batch_tokens = 128;
    return options;
}

std::vector<Token> prompt_of(int n, int seed) {
    std::vector<Token> prompt;
    for (int i = 0; i < n; ++i) prompt.push_back(5 + (i * 7 + seed * 13) % 90);
    return prompt;
}

Fleet::Fleet(const RunnerOptions & options)
    : options_(options), runner_(fleet_model(), options, abort_), requests_(options.max_running) {}

SlotId Fleet::add(const std::vector<Token> & prompt, const SamplingOptions & sampling,
                  const std::vector<Token> & banned) {
    SlotId slot = 0;
    while (requests_[slot]) ++slot;
    requests_[slot] = std::make_unique<Request>();
    requests_[slot]->tokens = prompt;
    requests_[slot]->sampler =
        std::make_unique<TokenSampler>(fleet_model(), sampling, Constraint{}, false, nullptr, 1 << 20);
    if (!banned.empty()) requests_[slot]->device = DeviceSampler::of(sampling, banned);
    run({slot});
    return slot;
}

void Fleet::remove(SlotId slot) {
    requests_[slot].reset();
}

void Fleet::step() {
    std::vector<SlotId> slots;
    for (SlotId slot = options_.max_running; slot-- > 0;) {  // not in the order of the slots
        if (requests_[slot]) slots.push_back(slot);
    }
    run(slots);
}

int32_t Fleet::next_cell(SlotId slot) const {
    const Request & request = *requests_[slot];
    return request.pages[request.n_past / options_.page_tokens] * options_.page_tokens +
           request.n_past % options_.page_tokens;
}

int Fleet::reused() const {
    return llama_perf_context(runner_.context()).n_reused;
}

void Fleet::run(const std::vector<SlotId> & slots) {
    Batch batch;
    std::vector<DeviceSampler *> samplers;
    for (const SlotId slot : slots) {
        Request & request = *requests_[slot];
        const int32_t n = static_cast<int32_t>(request.tokens.size()) - request.n_past;
        // A page ahead, so that next_cell is known.
        while (request.pages.size() * options_.page_tokens <= request.tokens.size()) {
            request.pages.push_back(next_page_++);
        }
        batch.rows.push_back({static_cast<RequestId>(slot + 1), slot, request.tokens.data() + request.n_past, n,
                              request.n_past, request.pages.data(), static_cast<int32_t>(request.pages.size()), true,
                              request.first});
        batch.n_tokens += n;
        samplers.push_back(request.device ? request.device.get() : request.sampler->on_device());
    }
    CHECK(runner_.run(batch, samplers));
    by_device_ = 0;
    for (size_t r = 0; r < slots.size(); ++r) {
        Request & request = *requests_[slots[r]];
        float * logits = runner_.logits(r);
        by_device_ += logits == nullptr;
        request.n_past = static_cast<int32_t>(request.tokens.size());
        request.first = false;
        request.output.push_back(request.sampler->sample(runner_.context(), runner_.output_index(r), logits));
        request.tokens.push_back(request.output.back());
    }
}

}  // namespace banyan::test
