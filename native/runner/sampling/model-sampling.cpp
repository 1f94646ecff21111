#include "runner/sampling/model-sampling.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <type_traits>

#include "llama.h"
#include "runner/sampling/sampling-options.h"

namespace banyan {

namespace {

struct Advice {
    llama_model_meta_key key;
    const char * name;    // of the TypeScript half
    const char * option;  // of SamplingOptions
};

constexpr Advice kAdvice[] = {
    {LLAMA_MODEL_META_KEY_SAMPLING_TEMP, "temperature", "temperature"},
    {LLAMA_MODEL_META_KEY_SAMPLING_TOP_K, "topK", "top_k"},
    {LLAMA_MODEL_META_KEY_SAMPLING_TOP_P, "topP", "top_p"},
    {LLAMA_MODEL_META_KEY_SAMPLING_MIN_P, "minP", "min_p"},
    {LLAMA_MODEL_META_KEY_SAMPLING_PENALTY_REPEAT, "repeatPenalty", "repeat_penalty"},
    {LLAMA_MODEL_META_KEY_SAMPLING_PENALTY_LAST_N, "penaltyLastN", "penalty_last_n"},
};

/** As llama.cpp reads them, 0 or less turns these off, or takes the likeliest token. */
bool off_below_zero(llama_model_meta_key key) {
    return key == LLAMA_MODEL_META_KEY_SAMPLING_TEMP || key == LLAMA_MODEL_META_KEY_SAMPLING_TOP_K;
}

/** Is it a value of the option? A whole one, where the option is. */
bool fits(const char * option, double value) {
    bool fits = false;
    SamplingOptions{}.each_option([&](const char * name, auto & place, const Range & range) {
        if (std::strcmp(name, option) != 0) return;
        const bool whole = std::is_integral_v<std::decay_t<decltype(place)>>;
        fits = value >= range.min && value <= range.max && (!whole || value == std::floor(value));
    });
    return fits;
}

/** The value of a text of `n` bytes, of which as many are there as fit; nothing: it is none of the option's. */
std::optional<double> value_of(const Advice & advice, const char * text, int32_t n, size_t room) {
    if (n == 0 || static_cast<size_t>(n) >= room) return std::nullopt;
    char * end = nullptr;
    double value = std::strtod(text, &end);
    if (*end != '\0' || !std::isfinite(value)) return std::nullopt;
    if (off_below_zero(advice.key)) value = std::max(value, 0.0);
    return fits(advice.option, value) ? std::optional(value) : std::nullopt;
}

}  // namespace

ModelSampling model_sampling(const llama_model * model) {
    ModelSampling sampling;
    for (const Advice & advice : kAdvice) {
        char text[64];
        const char * key = llama_model_meta_key_str(advice.key);
        const int32_t n = llama_model_meta_val_str(model, key, text, sizeof(text));
        if (n < 0) continue;  // it is not there
        if (const std::optional<double> value = value_of(advice, text, n, sizeof(text))) {
            sampling.values.emplace_back(advice.name, *value);
        } else {
            sampling.ignored +=
                std::string(sampling.ignored.empty() ? "" : "; ") + key + " is no value of " + advice.name;
        }
    }
    return sampling;
}

}  // namespace banyan
