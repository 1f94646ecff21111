#include "sim/prompt-text.h"

namespace banyan::sim {

namespace {

constexpr uint64_t kVocabulary = 128'000;
constexpr int64_t kOwnOutput = int64_t(1) << 52;  // above every content that a caller may name

/** splitmix64 (Vigna, 2015). */
uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

}  // namespace

Token PromptText::token(int64_t content, int32_t i) const {
    if (content < static_cast<int64_t>(workload_->literals.size())) return workload_->literals[content][i];
    return static_cast<Token>(mix(mix(static_cast<uint64_t>(content)) + static_cast<uint64_t>(i)) % kVocabulary);
}

int64_t PromptText::output_content(CallIndex call) const {
    const int64_t content = workload_->calls[call].output_content;
    return content != 0 ? content : kOwnOutput + call;
}

Token PromptText::output(CallIndex call, int32_t i) const {
    return token(output_content(call), i);
}

int32_t PromptText::prompt_tokens(CallIndex call) const {
    int32_t n_tokens = 0;
    for (CallIndex at = call; at != kNoCall; at = workload_->calls[at].base) {
        const Call & c = workload_->calls[at];
        for (const Segment & segment : c.append) n_tokens += segment.n_tokens;
        if (c.base_tokens >= 0) return n_tokens + c.base_tokens;
        if (c.base != kNoCall) n_tokens += workload_->calls[c.base].output;
    }
    return n_tokens;
}

std::vector<Token> PromptText::prompt(CallIndex call) const {
    std::vector<CallIndex> path;  // the call, its base, the base's base ...
    for (CallIndex at = call; at != kNoCall; at = workload_->calls[at].base) path.push_back(at);
    std::vector<Token> tokens;
    tokens.reserve(prompt_tokens(call) + workload_->calls[call].output);
    for (size_t i = path.size(); i-- > 0;) {
        const Call & c = workload_->calls[path[i]];
        if (c.base_tokens >= 0) tokens.resize(c.base_tokens);
        for (const Segment & segment : c.append) {
            for (int32_t t = 0; t < segment.n_tokens; ++t) tokens.push_back(token(segment.content, t));
        }
        if (i == 0) break;
        for (int32_t t = 0; t < c.output; ++t) tokens.push_back(output(path[i], t));
    }
    return tokens;
}

}  // namespace banyan::sim
