#include "runner/constraints/closing-budget.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "llama-grammar.h"
#include "llama.h"
#include "runner/masks/running-grammar.h"
#include "runner/model.h"

namespace banyan {

namespace {

constexpr size_t kTries = 256;

/** Puts the state back. */
class Trial {
  public:
    explicit Trial(llama_grammar & state) : state_(state), stacks_(state.stacks), partial_(state.partial_utf8) {}
    ~Trial() {
        state_.stacks.swap(stacks_);
        state_.partial_utf8 = partial_;
    }
    Trial(const Trial &) = delete;
    Trial & operator=(const Trial &) = delete;

  private:
    llama_grammar & state_;
    llama_grammar_stacks stacks_;
    llama_partial_utf8 partial_;
};

/** The character that has begun may stand where the stack is. */
bool goes_on(const llama_grammar & state, const llama_grammar_stack & stack) {
    static constexpr uint32_t kEnd = 0;
    return llama_grammar_reject_candidates_for_stack(state.rules, stack, {{0, &kEnd, state.partial_utf8, 0}}).empty();
}

bool only_blanks(const llama_grammar_stack & stack) {
    if (stack.empty()) return true;
    const llama_grammar_element * at = stack.back();
    if (at->type != LLAMA_GRETYPE_CHAR) return false;
    do {
        const uint32_t c = at->value;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return false;
        ++at;
    } while (at->type == LLAMA_GRETYPE_CHAR_ALT);
    return at->type != LLAMA_GRETYPE_CHAR_RNG_UPPER;
}

}  // namespace

ClosingBudget::ClosingBudget(std::shared_ptr<const Model> model, std::shared_ptr<const CompletionCost> cost,
                             RunningGrammar & grammar, int32_t max_tokens)
    : model_(std::move(model)), cost_(std::move(cost)), grammar_(grammar), left_(max_tokens) {}

ClosingBudget::Ends ClosingBudget::ends() const {
    Ends ends{CompletionCost::kNever, 0};
    const int begun = grammar_.state().partial_utf8.n_remain;
    for (const llama_grammar_stack & stack : grammar_.state().stacks) {
        int32_t cost = begun;
        if (begun != 0 && !goes_on(grammar_.state(), stack)) cost = CompletionCost::kNever;
        for (const llama_grammar_element * at : stack) {
            const bool half = begun != 0 && at == stack.back();
            cost = CompletionCost::sum(cost, half ? cost_->rest_behind(at) : cost_->rest(at));
        }
        ends.least = std::min(ends.least, cost);
        ends.most = std::max(ends.most, cost);
    }
    return ends;
}

bool ClosingBudget::allows(Token token) {
    if (model_->ends_generation(token)) return true;
    const auto bytes = static_cast<int64_t>(model_->piece(token, true).size());
    const int64_t step = bytes * cost_->growth() + 4;  // a character may be cut inside
    if (bound_ + step < left_) return true;
    const Ends now = ends();
    bound_ = now.most;
    return bound_ + step < left_ || now.least > left_ || closes(token);
}

bool ClosingBudget::closes(Token token) const {
    if (model_->ends_generation(token)) return complete();
    const Trial trial(grammar_.state());
    try {
        llama_grammar_accept_impl(grammar_.state(), token);
    } catch (const std::exception &) {
        return false;
    }
    return ends().least < left_;
}

Token ClosingBudget::instead_of(Token token, const float * logits) {
    steered_ = true;
    const int32_t n = model_->info().vocab_size;
    std::vector<float> admitted(logits, logits + n);
    admitted[static_cast<size_t>(token)] = -INFINITY;
    grammar_.refuse(admitted.data());
    struct Choice {
        Token id;
        float logit;
    };
    std::vector<Choice> all;
    for (Token other = 0; other < n; ++other) {
        if (admitted[static_cast<size_t>(other)] > -INFINITY) all.push_back({other, logits[other]});
    }
    const auto tried = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kTries));
    std::partial_sort(all.begin(), tried, all.end(), [](const auto & a, const auto & b) { return a.logit > b.logit; });
    for (auto one = all.begin(); one != tried; ++one) {
        if (closes(one->id)) return one->id;
    }
    for (auto one = tried; one != all.end(); ++one) {
        const bool short_one = model_->ends_generation(one->id) || model_->piece(one->id, true).size() == 1;
        if (short_one && closes(one->id)) return one->id;
    }
    return complete() ? -1 : token;
}

void ClosingBudget::accept(Token token) {
    --left_;
    const auto bytes = static_cast<int64_t>(model_->piece(token, true).size());
    bound_ = static_cast<int32_t>(std::min<int64_t>(bound_ + bytes * cost_->growth() + 4, CompletionCost::kNever));
}

bool ClosingBudget::complete() const {
    return grammar_.state().partial_utf8.n_remain == 0 &&
           std::any_of(grammar_.state().stacks.begin(), grammar_.state().stacks.end(),
                       [](const auto & stack) { return stack.empty(); });
}

bool ClosingBudget::whole() const {
    return complete() &&
           (steered_ || std::all_of(grammar_.state().stacks.begin(), grammar_.state().stacks.end(), only_blanks));
}

}  // namespace banyan
