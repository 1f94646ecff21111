// Chooses the next token of one request from its row of logits.
//
// Owns: the sampler's state (random numbers, penalties, grammar). Changed by: sample, go_on. Thread: made anywhere,
// then the engine thread. Invariants: a greedy request without penalties never builds a candidates array; a grammar
// looks at the one token that was chosen without it, and at the vocabulary only when it refuses that one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/types.h"
#include "runner/chat/chat-format.h"
#include "runner/constraints/call-grammar.h"
#include "runner/constraints/closing-budget.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/constraints/jump-forward.h"
#include "runner/constraints/thinking-budget.h"
#include "runner/masks/running-grammar.h"
#include "runner/sampling/device-sampler.h"
#include "runner/sampling/sampling-options.h"

struct common_sampler;
struct llama_context;

namespace banyan {

class Model;

/** Constraint on the output: at most one of a grammar and a chat format that brings its own. */
struct Constraint {
    std::shared_ptr<const CompiledGrammar> grammar;  // or null
    std::shared_ptr<const ChatFormat> chat;          // tool-call or schema grammar with its triggers, or null
};

class TokenSampler {
  public:
    /** Throws Error INVALID_GRAMMAR. */
    TokenSampler(std::shared_ptr<const Model> model, const SamplingOptions & options, const Constraint & constraint,
                 bool ignore_eos, std::unique_ptr<ThinkingBudget> thinking, int32_t max_tokens);
    ~TokenSampler();
    TokenSampler(const TokenSampler &) = delete;
    TokenSampler & operator=(const TokenSampler &) = delete;

    /**
     * The next token from output `index` of the context; `logits` is that same row, [vocab], and is overwritten where a
     * token must not be chosen; nullptr: the device has chosen already. -1: the grammar is complete and the vocabulary
     * has no token to end with. Throws Error STEP_FAILED when no logit is finite, std::runtime_error when the grammar
     * rejects what it offered.
     */
    Token sample(llama_context * context, int32_t index, float * logits);

    /**
     * Stands where it would if it had chosen this token, which another one has: all but the random numbers, and whether
     * the end was near. Throws Error INVALID_GRAMMAR for one that its grammar does not admit.
     */
    void go_on(Token token);

    /** What its grammar leaves no choice about, next; guess: with what is only likely. {}: without a grammar. */
    ForcedTokens ahead(bool guess);
    /** go_on() with one of them; false: it must not come after all, and nothing has changed. */
    bool force(Token token);

    /** What the model said of a token whose logit in the row of the last sample() is this. */
    float unbiased(Token token, float logit) const;

    /** From here on the tokens are those of a call that began with `text`; without a grammar of calls, or when it knows
     * no such call, nothing changes. */
    void follow_call(const std::string & text);

    /** Without an end token the answer is a whole one of its grammar; see ClosingBudget. */
    bool whole() const { return closing_ && closing_->whole(); }
    /** See ClosingBudget::steered. */
    bool shortened() const { return closing_ && closing_->steered(); }

    /** How the device can choose in this one's place; nullptr: it cannot. */
    DeviceSampler * on_device() const { return device_.get(); }

  private:
    void accept(Token token);
    Token due();
    Token closing(Token token, const float * logits);
    Token chosen(llama_context * context, int32_t index, float * logits);
    bool within_call(Token token);
    Token drawn(llama_context * context, int32_t index, const float * logits);
    Token greedy(const float * logits) const;
    bool fits(Token token) const;
    bool means_to_answer(Token likeliest) const;
    void answer_with_content();
    void close_in_time(const CompiledGrammar & grammar);

    std::shared_ptr<const Model> model_;
    std::vector<Token> banned_;
    struct Bias {
        float added = 0;
        float raw = 0;  // the logit without it
    };
    std::map<Token, Bias> biases_;
    std::shared_ptr<const ChatFormat> chat_;  // or null
    std::unique_ptr<RunningGrammar> call_;    // null: no call under way
    std::unique_ptr<DeviceSampler> device_;
    std::unique_ptr<ThinkingBudget> thinking_;                             // null: no bound
    std::unique_ptr<common_sampler, void (*)(common_sampler *)> sampler_;  // null: greedy
    std::unique_ptr<RunningGrammar> grammar_;                              // of the whole answer, or null
    std::unique_ptr<ClosingBudget> closing_;                               // null: no such grammar
    const CompiledGrammar * content_ = nullptr;  // while the model may still choose calls: the grammar without them
    std::vector<Token> said_;                    // until then
    std::vector<Token> latest_;                  // the last two tokens
    BlankStyle blanks_;
    int32_t max_tokens_;
};

}  // namespace banyan
