#include "engine/exactness.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "runner/error.h"
#include "runner/model.h"

namespace banyan {

namespace {

constexpr int32_t kTokens = 8;

[[noreturn]] void refuse(const std::string & why) {
    throw Error("INVALID_OPTION", "exact: " + why + "; load it without exact", "exact");
}

using Logits = std::vector<std::vector<float>>;  // by token

/** The tokens in steps of so many, in one slot. */
Logits computed(Runner & runner, const std::vector<Token> & tokens, const std::vector<PageId> & pages, int32_t n,
                int32_t n_vocab) {
    Logits out;
    for (int32_t past = 0; past < kTokens; past += n) {
        Batch batch;
        batch.rows.push_back({0, 0, tokens.data() + past, n, past, pages.data(), static_cast<int32_t>(pages.size()),
                              true, past == 0, 0, false, n - 1});
        batch.n_tokens = n;
        if (!runner.run(batch)) refuse("the trial step could not be computed");
        for (int32_t i = 0; i < n; ++i) out.emplace_back(runner.logits(0, i), runner.logits(0, i) + n_vocab);
    }
    runner.release(0);
    return out;
}

}  // namespace

void check_exactness(Runner & runner, const Model & model, const RunnerOptions & options) {
    const RunnerInfo & info = runner.info();
    if (info.attention != "paged" || info.device_sampling || info.fixed_shapes) {
        refuse("it needs paged attention on a CPU, and this model has " + info.attention + " attention on " +
               info.backend);
    }
    if (info.state_bytes > 0) refuse("recurrent layers add up in the order that tokens share steps in");
    const int32_t n_most = std::min(kTokens, options.max_batch_tokens);
    const int32_t n_vocab = model.info().vocab_size;
    std::vector<Token> tokens;
    for (int32_t i = 0; i < kTokens; ++i) tokens.push_back(static_cast<Token>((int64_t{i} * 7919 + 13) % n_vocab));
    const int32_t n_pages = (kTokens + options.page_tokens - 1) / options.page_tokens;
    if (n_pages > info.n_pages) return;  // no answer fits either
    std::vector<PageId> pages(static_cast<size_t>(n_pages));
    std::iota(pages.begin(), pages.end(), 0);
    const Logits alone = computed(runner, tokens, pages, 1, n_vocab);
    for (int32_t n = 2; n <= n_most; n *= 2) {
        const Logits together = computed(runner, tokens, pages, n, n_vocab);
        for (size_t i = 0; i < alone.size(); ++i) {
            if (std::memcmp(alone[i].data(), together[i].data(), alone[i].size() * sizeof(float)) == 0) continue;
            refuse("products of this model's weights on this machine are rounded otherwise in a step of " +
                   std::to_string(n) + " tokens than in one of a single token (weights of 16 or 32 bits are)");
        }
    }
}

}  // namespace banyan
