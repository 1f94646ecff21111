#include "runner/sampling/slot-samplers.h"

#include <algorithm>
#include <cmath>

#include "ggml-backend.h"
#include "ggml.h"
#include "llama-context.h"
#include "llama.h"
#include "runner/sampling/logits-tap.h"

namespace banyan {

struct SlotSamplers::Slot {
    struct Free {
        void operator()(llama_sampler * chain) const { llama_sampler_free(chain); }
    };
    DeviceSettings settings;
    std::unique_ptr<llama_sampler, Free> chain;
    llama_sampler * numbers = nullptr;  // the chain's random numbers; nullptr: greedy
    bool works = true;                  // false: it chose nothing, an operation of it is missing on this device
};

SlotSamplers::SlotSamplers(const llama_vocab * vocab, int32_t n_slots, const std::vector<Token> & banned)
    : vocab_(vocab) {
    DeviceSettings greedy;
    greedy.banned = banned;
    for (int32_t i = 0; i < n_slots; ++i) slots_.push_back(make_slot(greedy));
}

SlotSamplers::~SlotSamplers() = default;

SlotSamplers::Slot SlotSamplers::make_slot(const DeviceSettings & settings) {
    Slot slot;
    slot.settings = settings;
    slot.chain.reset(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    const auto add = [&](llama_sampler * sampler) { llama_sampler_chain_add(slot.chain.get(), sampler); };
    add(make_logits_tap(&logits_));
    if (!settings.banned.empty()) {
        std::vector<llama_logit_bias> bans;
        for (const Token token : settings.banned) bans.push_back({token, -INFINITY});
        add(llama_sampler_init_logit_bias(llama_vocab_n_tokens(vocab_), static_cast<int32_t>(bans.size()),
                                          bans.data()));
    }
    if (settings.temperature <= 0) {
        add(llama_sampler_init_greedy());
    } else {
        // The order of the host's samplers.
        const int32_t top_k = std::min(settings.top_k, llama_vocab_n_tokens(vocab_));
        if (top_k > 0) add(llama_sampler_init_top_k(top_k));
        if (settings.top_p < 1) add(llama_sampler_init_top_p(settings.top_p, 0));
        if (settings.min_p > 0) add(llama_sampler_init_min_p(settings.min_p, 0));
        add(llama_sampler_init_temp(settings.temperature));
        slot.numbers = llama_sampler_init_dist(0);
        add(slot.numbers);
    }
    add(make_token_only());
    return slot;
}

void SlotSamplers::install(llama_context_params & params) {
    configs_.clear();
    for (size_t i = 0; i < slots_.size(); ++i) {
        configs_.push_back({static_cast<llama_seq_id>(i), slots_[i].chain.get()});
    }
    params.samplers = configs_.data();
    params.n_samplers = configs_.size();
    params.n_outputs_max_per_seq = 1;
}

void SlotSamplers::begin_step() {
    steps_since_exchange_ = std::min(steps_since_exchange_ + 1, kStepsBetweenExchanges + 1);
}

bool SlotSamplers::assign(llama_context * context, SlotId slot, DeviceSampler & sampler) {
    using Place = DeviceSampler::Place;
    if (sampler.place == Place::host) return false;
    Slot & to = slots_[slot];
    if (!(to.settings == sampler.settings())) {
        const bool may = steps_since_exchange_ == 0 || steps_since_exchange_ > kStepsBetweenExchanges;
        if (!may && sampler.place == Place::undecided) {
            // A greedy request may go on where it likes later; random numbers stay with one sampler.
            if (sampler.numbers()) sampler.place = Place::host;
            return false;
        }
        Slot fresh = make_slot(sampler.settings());
        llama_set_sampler(context, slot, fresh.chain.get());
        to = std::move(fresh);
        steps_since_exchange_ = 0;
    }
    if (!to.works) {
        sampler.place = Place::host;
        return false;
    }
    if (sampler.numbers()) {
        sampler.place = Place::device;
        llama_sampler_copy(sampler.numbers(), to.numbers);
    }
    return true;
}

Token SlotSamplers::take(llama_context * context, int32_t index, SlotId slot, DeviceSampler & sampler) {
    const Token token = llama_get_sampled_token_ith(context, index);
    if (token == LLAMA_TOKEN_NULL) {
        slots_[slot].works = false;
        sampler.place = DeviceSampler::Place::host;
        return -1;
    }
    if (sampler.numbers()) llama_sampler_copy(slots_[slot].numbers, sampler.numbers());
    return token;
}

bool SlotSamplers::fetch(llama_context * context, int32_t index, int32_t output) {
    if (!logits_ || !logits_->buffer || output >= logits_->ne[1]) return false;
    llama_synchronize(context);
    float * to = llama_get_logits_ith(context, index);
    if (!to) return false;
    ggml_backend_tensor_get(logits_, to, static_cast<size_t>(output) * logits_->nb[1],
                            static_cast<size_t>(logits_->ne[0]) * sizeof(float));
    context->get_sampled_tokens()[output] = LLAMA_TOKEN_NULL;
    return true;
}

}  // namespace banyan
