// Everything one request does between its logits and its output: sampling, text, reasoning, tool calls, stop strings,
// its end.
//
// Owns: sampler (none, where another engine samples), answer so far. Changed by: go_on, next, accept, end, message.
// Thread: made anywhere, then the engine thread; without a sampler any, one at a time. Invariant: the answer is what
// was given out, piece by piece; nothing is read again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/answers/answer-parser.h"
#include "runner/sampling/sampling-options.h"
#include "runner/sampling/stop-matcher.h"
#include "runner/sampling/token-sampler.h"
#include "runner/sampling/utf8-stream.h"

namespace banyan {

/** stop: the model ended its turn, or its grammar did; stop_sequence: a text of the caller's. */
enum class FinishReason : uint8_t { stop, length, stop_sequence, tool_calls, cancelled, error };
template <>
struct Words<FinishReason> {
    static constexpr auto list = words("stop", "length", "stop-sequence", "tool-calls", "cancelled", "error");
};

struct TokenLogprob {
    Token token;
    std::string text;
    float logprob;
    std::vector<TokenLogprob> top;  // without alternatives of their own
};

/** Of the ids of calls in the answer to prompt[0, n), for DecoderOptions: the same prompt, the same ids. */
uint64_t seed_of_ids(const std::vector<Token> & prompt, size_t n);

struct DecoderOptions {
    SamplingOptions sampling;
    std::vector<std::string> stop;  // ends the answer's text; in reasoning and calls it ends nothing
    Constraint constraint;
    bool ignore_eos = false;
    int32_t max_tokens = 1;            // 0: the prompt is computed, and nothing is said
    int32_t thinking_tokens = -1;      // ChatFormat::thinking_budget
    bool progress = false;             // calls are told of while they are written
    std::vector<Token> scored;         // the prompt, where the logprobs of its tokens are wanted
    int32_t scored_top = 0;            // alternatives of each
    uint64_t seed_of_ids = 0;          // tool calls that the model left without an id get one derived from this
    JumpMode jump = JumpMode::verify;  // what becomes of tokens that its grammar leaves no choice about
    bool samples = true;               // false: another engine does, and its tokens are accepted
};

/** What one sampled token gave. */
struct Decoded {
    Token token = -1;
    bool append = true;  // false: an end token, no part of the output
    bool finished = false;
    std::string text, reasoning;         // complete characters that are certainly part of the answer
    std::vector<TokenLogprob> logprobs;  // one entry, or none when not asked for
    std::vector<ToolCall> tool_calls;    // closed with this token
    int32_t first_call = 0;              // index of tool_calls[0] in the answer
    std::vector<CallPiece> pieces;       // in order; cuts are the first, they come before the text
};

class Decoder {
  public:
    /** Throws Error INVALID_GRAMMAR. */
    Decoder(std::shared_ptr<const Model> model, DecoderOptions options);

    /**
     * The answer begins with these tokens: they were told before, by another engine, and nothing of them is told again.
     * Before the first next(). Throws Error INVALID_OPTION when the answer would have ended with them or before, or
     * when its grammar knows no such beginning.
     */
    void go_on(const std::vector<Token> & begun);

    /** How a device can sample in this one's place; nullptr: it cannot. */
    DeviceSampler * on_device() const { return sampler_ ? sampler_->on_device() : nullptr; }

    /**
     * Samples from output `index` of the context; logits nullptr: the device did. Throws Error or std::exception: this
     * request fails, no other.
     */
    Decoded next(llama_context * context, int32_t index, float * logits);

    /** Reads a token that was sampled, here or elsewhere; -1: the answer is at its end. Not after it has finished. */
    Decoded accept(Token token);
    /** See TokenSampler: what must come next. */
    ForcedTokens ahead(bool guess) { return sampler_ ? sampler_->ahead(guess) : ForcedTokens{}; }
    /** Takes one of them unasked. nullopt: it must not come after all, and nothing has changed. */
    std::optional<Decoded> force(Token token);
    /** With logprobs none is appended unasked: the model is to say how likely it was. */
    JumpMode jump() const {
        const bool asked = options_.sampling.logprobs >= 0 && options_.jump == JumpMode::force;
        return asked ? JumpMode::verify : options_.jump;
    }
    /** Ends it from outside: nothing follows what was accepted. Gives what was held back. Not after it has finished. */
    Decoded end(FinishReason reason);
    bool finished() const { return finished_; }

    /**
     * Logprobs of the prompt's tokens that follow [n_past, n_past + n), but for those that were given before; logits(i)
     * are those after the i-th of these.
     */
    std::vector<TokenLogprob> score(int32_t n_past, int32_t n, const std::function<const float *(int32_t)> & logits);

    /** Why it ended; meaningful once next() said finished. */
    FinishReason reason() const { return reason_; }
    /** The text of `stop` that ended it; '' = none did. */
    const std::string & stop_text() const { return stops_.hit(); }
    /** Its limit of tokens was near, and it was brought to an end: its last value may be cut short. */
    bool shortened() const { return sampler_ && sampler_->shortened(); }
    /** Tokens that came out as reasoning, the tag before it among them. */
    int32_t reasoning_tokens() const { return reasoning_tokens_; }
    /** Tokens that may still come. */
    int32_t tokens_left() const { return options_.max_tokens - n_tokens_; }
    /** Calls are told of while they are written. */
    bool tells_progress() const { return options_.progress; }
    /** The whole answer, also of one that was cut short: it ends with this. */
    ChatMessage message();

  private:
    void finish(FinishReason reason, Decoded & out);
    void append(const std::string & text, Decoded & out);
    void add(AnswerPart && part, Decoded & out);
    void tell(std::vector<CallPiece> && pieces, Decoded & out) const;
    void count(const Decoded & out);
    std::string id_of(size_t call) const;
    TokenLogprob logprob_of(Token token, float logit, const class Logprobs & all) const;

    std::shared_ptr<const Model> model_;
    DecoderOptions options_;
    std::unique_ptr<TokenSampler> sampler_;  // null: another engine samples
    Utf8Stream utf8_;
    StopMatcher turn_ends_;  // the format's own stop texts, in everything
    AnswerParser reader_;
    StopMatcher stops_;  // the caller's, in the text
    ChatMessage answer_;
    int32_t n_tokens_ = 0, reasoning_tokens_ = 0;
    int32_t unread_ = 0;    // the last tokens: nothing came out with them yet
    int32_t n_scored_ = 1;  // of the prompt; nothing comes before its first token
    FinishReason reason_ = FinishReason::cancelled;
    bool finished_ = false;
};

}  // namespace banyan
