#include "runner/sampling/token-sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"
#include "runner/model.h"
#include "sampling.h"

namespace banyan {

namespace {

common_params_sampling parameters(const SamplingOptions & options) {
    common_params_sampling params;
    params.seed = options.llama_seed();
    params.temp = options.temperature;
    params.top_k = options.top_k;
    params.top_p = options.top_p;
    params.min_p = options.min_p;
    params.penalty_last_n = options.penalty_last_n;
    params.penalty_repeat = options.repeat_penalty;
    params.penalty_freq = options.frequency_penalty;
    params.penalty_present = options.presence_penalty;
    params.no_perf = true;
    params.samplers.clear();
    if (options.penalised()) params.samplers.push_back(COMMON_SAMPLER_TYPE_PENALTIES);
    if (options.temperature > 0) {
        if (options.top_k > 0) params.samplers.push_back(COMMON_SAMPLER_TYPE_TOP_K);
        if (options.top_p < 1) params.samplers.push_back(COMMON_SAMPLER_TYPE_TOP_P);
        if (options.min_p > 0) params.samplers.push_back(COMMON_SAMPLER_TYPE_MIN_P);
    }
    params.samplers.push_back(COMMON_SAMPLER_TYPE_TEMPERATURE);
    return params;
}

/** Samplers do not throw, a grammar does: one that does not start, or allows too many ways to go on. */
template <typename Call>
auto under_grammar(Call call) {
    try {
        return call();
    } catch (const std::exception & e) {
        throw Error("INVALID_GRAMMAR", e.what(), "grammar");
    }
}

}  // namespace

TokenSampler::TokenSampler(std::shared_ptr<const Model> model, const SamplingOptions & options,
                           const Constraint & constraint, bool ignore_eos, std::unique_ptr<ThinkingBudget> thinking,
                           int32_t max_tokens)
    : model_(std::move(model)),
      banned_(model_->suppressed()),
      chat_(constraint.chat),
      thinking_(std::move(thinking)),
      sampler_(nullptr, common_sampler_free),
      max_tokens_(max_tokens) {
    if (chat_) blanks_ = chat_->blanks();
    for (const TokenBias & one : options.biases) biases_[one.token].added += one.bias;
    if (ignore_eos) banned_.insert(banned_.end(), model_->end_tokens().begin(), model_->end_tokens().end());
    const CompiledGrammar * grammar = chat_ && chat_->grammar() ? chat_->grammar() : constraint.grammar.get();
    const bool constrained = grammar || thinking_ || (chat_ && chat_->has_grammar());
    if (!constrained) device_ = DeviceSampler::of(options, banned_);
    backend::AssertGuard guard;
    if (options.temperature > 0 || options.penalised()) {
        common_params_sampling params = parameters(options);
        sampler_.reset(common_sampler_init(model_->handle(), params));
    }
    if (!grammar) return;
    under_grammar([&] { grammar_ = grammar->begin(); });
    close_in_time(*grammar);
    content_ = chat_ && grammar == chat_->grammar() ? chat_->content_grammar() : nullptr;
}

void TokenSampler::close_in_time(const CompiledGrammar & grammar) {
    const auto left = max_tokens_ - static_cast<int32_t>(said_.size());
    closing_ = std::make_unique<ClosingBudget>(model_, grammar.completion(), *grammar_, left);
}

/** From here on no call can begin. One that has begun goes on, and is cut at the limit as in follow_call. */
void TokenSampler::answer_with_content() {
    const CompiledGrammar * content = std::exchange(content_, nullptr);
    closing_ = nullptr;
    backend::AssertGuard guard;
    try {
        std::unique_ptr<RunningGrammar> other = content->begin();
        for (const Token token : said_) other->accept(token);
        grammar_ = std::move(other);
        close_in_time(*content);
        blanks_ = {};  // as calls have them, they are not known to be here
        for (const Token token : said_) blanks_.read(model_->piece(token, true));
    } catch (const std::exception &) {
        return;  // what was said begins no content
    }
}

TokenSampler::~TokenSampler() = default;

Token TokenSampler::sample(llama_context * context, int32_t index, float * logits) {
    if (!logits) {
        const Token token = llama_get_sampled_token_ith(context, index);
        if (!model_->valid(token)) throw Error("STEP_FAILED", "the device chose no token");
        return token;
    }
    for (auto & [token, bias] : biases_) {
        bias.raw = logits[token];
        logits[token] += bias.added;
    }
    for (const Token token : banned_) logits[token] = -INFINITY;
    Token token = due();
    if (token < 0) token = chosen(context, index, logits);
    if (content_ && closing_ && token >= 0 && !closing_->allows(token)) {
        answer_with_content();  // a call is no way to end in time
        if (!fits(token)) token = chosen(context, index, logits);
    }
    if (closing_ && token >= 0) token = closing(token, logits);
    if (call_ && token >= 0 && !within_call(token)) {
        if (!call_->refuse(logits)) return -1;
        token = chosen(context, index, logits);
    }
    // An end token is not accepted: the request ends, and a grammar would insist on being complete.
    if (token >= 0 && !model_->ends_generation(token)) accept(token);
    return token;
}

void TokenSampler::go_on(Token token) {
    if (thinking_ && thinking_->forced() >= 0 && thinking_->forced() != token) thinking_->give_up();
    if (content_ && (!fits(token) || (closing_ && !closing_->allows(token)))) answer_with_content();
    if (!fits(token)) throw Error("INVALID_GRAMMAR", "the answer that has begun is none of its grammar", "grammar");
    if (call_ && !within_call(token)) call_ = nullptr;
    accept(token);
}

void TokenSampler::accept(Token token) {
    backend::AssertGuard guard;
    if (sampler_) common_sampler_accept(sampler_.get(), token, true);
    if (grammar_) under_grammar([&] { grammar_->accept(token); });
    if (content_) said_.push_back(token);
    if (closing_) closing_->accept(token);
    if (call_) call_->accept(token);
    if (thinking_) thinking_->accept(model_->piece(token, true));
    if (latest_.size() == 2) latest_.erase(latest_.begin());
    latest_.push_back(token);
    if (grammar_ || call_) blanks_.read(model_->piece(token, true));
}

ForcedTokens TokenSampler::ahead(bool guess) {
    RunningGrammar * const grammar = call_ ? call_.get() : grammar_.get();
    // What the model means to say is asked at each token, as long as it may choose calls or content.
    if (!grammar || (content_ && !guess) || (thinking_ && thinking_->forced() >= 0)) return {};
    backend::AssertGuard guard;
    const auto preserved = [this](Token token) { return chat_ && chat_->preserved(token); };
    return forced_tokens({*model_, *grammar, blanks_, latest_, preserved}, guess);
}

bool TokenSampler::force(Token token) {
    if (model_->ends_generation(token) || !fits(token) || (call_ && !within_call(token))) return false;
    backend::AssertGuard guard;
    if (closing_ && !under_grammar([&] { return closing_->allows(token); })) return false;
    accept(token);
    return true;
}

/** The token that must come now, -1 = any. */
Token TokenSampler::due() {
    const Token token = thinking_ ? thinking_->forced() : -1;
    if (token < 0 || fits(token)) return token;
    thinking_->give_up();
    return -1;
}

/** The token, or the one that must come in its place for the answer to end within its tokens. */
Token TokenSampler::closing(Token token, const float * logits) {
    backend::AssertGuard guard;
    return under_grammar([&] {
        if (closing_->allows(token)) return token;
        if (thinking_) thinking_->give_up();
        return closing_->instead_of(token, logits);
    });
}

float TokenSampler::unbiased(Token token, float logit) const {
    const auto found = biases_.find(token);
    return found == biases_.end() ? logit : found->second.raw;
}

void TokenSampler::follow_call(const std::string & text) {
    // A call that the model chose to make is cut at the limit: closed early, a tool would act on half a text.
    if (std::exchange(content_, nullptr)) closing_ = nullptr;
    if (!chat_ || !chat_->call_grammar()) return;
    call_ = chat_->call_grammar()->follow(text);
    if (call_) blanks_.read(text);
}

/** True also when the rules cannot say it within their budget: the call then goes on without them. */
bool TokenSampler::within_call(Token token) {
    backend::AssertGuard guard;
    try {
        return call_->admits(token);
    } catch (const std::exception &) {
        call_ = nullptr;
        return true;
    }
}

/**
 * The grammar is asked about the token that would be chosen without it; only one that it refuses is drawn again, from
 * what it admits. That is how often each token is chosen under it: p(token) + p(refused) p(token) / p(admitted).
 */
Token TokenSampler::chosen(llama_context * context, int32_t index, float * logits) {
    if (content_ && means_to_answer(greedy(logits))) answer_with_content();
    const Token token = drawn(context, index, logits);
    if (token < 0 || fits(token)) return token;
    {
        backend::AssertGuard guard;
        if (!under_grammar([&] { return grammar_->refuse(logits); })) return -1;
    }
    return drawn(context, index, logits);
}

Token TokenSampler::drawn(llama_context * context, int32_t index, const float * logits) {
    if (!sampler_) return greedy(logits);
    backend::AssertGuard guard;
    const Token token = common_sampler_sample(sampler_.get(), context, index);
    const llama_token_data_array * candidates = common_sampler_get_candidates(sampler_.get(), false);
    const float logit = candidates->data[candidates->selected].logit;
    if (logit == -INFINITY) return -1;
    if (std::isnan(logit)) throw Error("STEP_FAILED", "the model's output is not a number");
    return token;
}

/**
 * The likeliest token begins neither a call nor what the content must be: the model would answer in its own words. Held
 * to both, it would go on calling when all is said. Blanks say nothing yet.
 */
bool TokenSampler::means_to_answer(Token likeliest) const {
    if (fits(likeliest)) return false;
    const std::string piece = model_->piece(likeliest, true);
    return piece.find_first_not_of(" \t\r\n") != std::string::npos;
}

/** The grammar, if there is one, admits the token. */
bool TokenSampler::fits(Token token) const {
    if (!grammar_) return true;
    backend::AssertGuard guard;
    return under_grammar([&] { return grammar_->admits(token); });
}

Token TokenSampler::greedy(const float * logits) const {
    // One running maximum a lane, so that the compiler can keep them in vector registers; ties go to the lowest id.
    constexpr int kLanes = 16;
    float max[kLanes];
    Token at[kLanes];
    std::fill_n(max, kLanes, -INFINITY);
    std::fill_n(at, kLanes, 0);
    const int32_t n = model_->info().vocab_size, n_lanes = n - n % kLanes;
    for (Token token = 0; token < n_lanes; token += kLanes) {
        for (int lane = 0; lane < kLanes; ++lane) {
            const bool more = logits[token + lane] > max[lane];
            max[lane] = more ? logits[token + lane] : max[lane];
            at[lane] = more ? token + lane : at[lane];
        }
    }
    float best = -INFINITY;
    Token best_token = 0;
    const auto offer = [&](float logit, Token token) {
        if (logit > best || (logit == best && token < best_token)) {
            best = logit;
            best_token = token;
        }
    };
    for (int lane = 0; lane < kLanes; ++lane) offer(max[lane], at[lane]);
    for (Token token = n_lanes; token < n; ++token) offer(logits[token], token);
    if (!std::isfinite(best)) throw Error("STEP_FAILED", "the model's output is not a number");
    return best_token;
}

}  // namespace banyan
