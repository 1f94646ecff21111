#include "runner/decoder.h"

#include <algorithm>
#include <utility>

#include "runner/error.h"
#include "runner/model.h"
#include "runner/sampling/logprobs.h"

namespace banyan {

namespace {

/** 9 letters and digits: the one form that every template accepts (Mistral's insists on it). */
std::string short_id(uint64_t seed) {
    static const char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string id;
    for (int i = 0; i < 9; ++i) {
        seed += 0x9E3779B97F4A7C15ull;  // splitmix64
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        id += kDigits[(z ^ (z >> 31)) % 62];
    }
    return id;
}

using Texts = std::vector<std::string>;

std::unique_ptr<ThinkingBudget> thinking_of(const DecoderOptions & options) {
    const auto & chat = options.constraint.chat;
    return chat ? chat->thinking_budget(options.thinking_tokens, std::max(1, options.max_tokens)) : nullptr;
}

}  // namespace

uint64_t seed_of_ids(const std::vector<Token> & prompt, size_t n) {
    uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a
    for (size_t i = 0; i < n; ++i) hash = (hash ^ static_cast<uint32_t>(prompt[i])) * 0x100000001B3ull;
    return hash;
}

Decoder::Decoder(std::shared_ptr<const Model> model, DecoderOptions options)
    : model_(std::move(model)),
      options_(std::move(options)),
      sampler_(options_.samples
                   ? std::make_unique<TokenSampler>(model_, options_.sampling, options_.constraint, options_.ignore_eos,
                                                    thinking_of(options_), std::max(1, options_.max_tokens))
                   : nullptr),
      turn_ends_(options_.constraint.chat ? options_.constraint.chat->stops() : Texts()),
      reader_(options_.constraint.chat ? options_.constraint.chat->syntax() : nullptr),
      stops_(options_.stop) {}

void Decoder::go_on(const std::vector<Token> & begun) {
    for (const Token token : begun) {
        if (!model_->valid(token)) throw Error("INVALID_OPTION", "the vocabulary has no such token", "begun");
        try {
            if (!model_->ends_generation(token) && sampler_) sampler_->go_on(token);
        } catch (const std::exception & e) {
            throw Error("INVALID_OPTION", e.what(), "begun");
        }
        accept(token);
        if (finished_) throw Error("INVALID_OPTION", "the answer that has begun has ended", "begun");
    }
}

Decoded Decoder::next(llama_context * context, int32_t index, float * logits) {
    Decoded out;
    if (options_.max_tokens == 0) {
        out.append = false;
        finish(FinishReason::length, out);
        return out;
    }
    const int32_t n_top = options_.sampling.logprobs;
    std::unique_ptr<Logprobs> logprobs;
    if (n_top >= 0) logprobs = std::make_unique<Logprobs>(logits, model_->info().vocab_size, n_top);

    const Token token = sampler_->sample(context, index, logits);
    out = accept(token);
    if (logprobs && out.append) {
        out.logprobs.push_back(logprob_of(token, sampler_->unbiased(token, logits[token]), *logprobs));
    }
    return out;
}

std::optional<Decoded> Decoder::force(Token token) {
    if (finished_ || !sampler_ || !sampler_->force(token)) return std::nullopt;
    return accept(token);
}

Decoded Decoder::end(FinishReason reason) {
    Decoded out;
    out.append = false;
    finish(reason, out);
    count(out);
    return out;
}

Decoded Decoder::accept(Token token) {
    Decoded out;
    out.token = token;
    if (token < 0 || (model_->ends_generation(token) && !options_.ignore_eos)) {
        out.append = false;
        finish(FinishReason::stop, out);
        count(out);
        return out;
    }
    ++n_tokens_;
    ++unread_;
    const auto & chat = options_.constraint.chat;
    append(utf8_.push(model_->piece(token, chat && chat->preserved(token))), out);
    if (stops_.stopped()) {
        finish(FinishReason::stop_sequence, out);
    } else if (turn_ends_.stopped()) {
        finish(FinishReason::stop, out);
    } else if (n_tokens_ >= options_.max_tokens) {
        finish(sampler_ && sampler_->whole() ? FinishReason::stop : FinishReason::length, out);
    }
    count(out);
    return out;
}

/** What came out says what the tokens were that led to it. */
void Decoder::count(const Decoded & out) {
    if (!out.reasoning.empty()) reasoning_tokens_ += unread_;
    if (!out.reasoning.empty() || !out.text.empty() || !out.tool_calls.empty()) unread_ = 0;
}

std::vector<TokenLogprob> Decoder::score(int32_t n_past, int32_t n,
                                         const std::function<const float *(int32_t)> & logits) {
    std::vector<TokenLogprob> scores;
    const int32_t end = std::min(n_past + n + 1, static_cast<int32_t>(options_.scored.size()));
    for (int32_t at = std::max(n_past + 1, n_scored_); at < end; ++at) {
        const float * const row = logits(at - 1 - n_past);
        const Token token = options_.scored[at];
        scores.push_back(logprob_of(token, row[token], Logprobs(row, model_->info().vocab_size, options_.scored_top)));
        n_scored_ = at + 1;
    }
    return scores;
}

void Decoder::append(const std::string & text, Decoded & out) {
    const std::string sure = turn_ends_.push(text);
    if (!sure.empty()) add(reader_.push(sure), out);
    if (sampler_ && utf8_.empty() && turn_ends_.empty()) {
        if (const auto call = reader_.named_call()) sampler_->follow_call(*call);
    }
}

void Decoder::add(AnswerPart && part, Decoded & out) {
    if (stops_.stopped()) return;
    if (options_.progress) tell(std::move(part.pieces), out);
    const std::string text = stops_.push(part.content);
    out.text += text;
    out.reasoning += part.reasoning;
    answer_.content += text;
    answer_.reasoning += part.reasoning;
    if (stops_.stopped()) return;
    if (out.tool_calls.empty()) out.first_call = static_cast<int32_t>(answer_.tool_calls.size());
    for (ToolCall & call : part.tool_calls) {
        if (call.id.empty()) call.id = id_of(answer_.tool_calls.size());
        answer_.tool_calls.push_back(call);
        out.tool_calls.push_back(std::move(call));
    }
}

void Decoder::tell(std::vector<CallPiece> && pieces, Decoded & out) const {
    for (CallPiece & piece : pieces) {
        const auto ours = [&](const CallPiece & one) {
            return one.index == piece.index && one.stage != CallStage::cut;
        };
        if (piece.stage == CallStage::cut) {
            const auto begun = std::find_if(out.pieces.begin(), out.pieces.end(), ours);
            const bool fresh = begun != out.pieces.end() && begun->stage == CallStage::start;
            out.pieces.erase(std::remove_if(out.pieces.begin(), out.pieces.end(), ours), out.pieces.end());
            // What begins and ends with this token was never there.
            if (!fresh) out.pieces.insert(out.pieces.begin(), std::move(piece));
            continue;
        }
        if (piece.stage == CallStage::start && piece.id.empty()) piece.id = id_of(static_cast<size_t>(piece.index));
        out.pieces.push_back(std::move(piece));
    }
}

void Decoder::finish(FinishReason reason, Decoded & out) {
    out.finished = true;
    finished_ = true;
    reason_ = reason;
    const bool stopped = stops_.stopped();
    if (!stopped) {
        if (!turn_ends_.stopped()) {
            append(utf8_.flush(), out);
            add(reader_.push(turn_ends_.flush()), out);
        }
        add(reader_.finish(), out);
        const std::string held = stops_.flush();
        out.text += held;
        answer_.content += held;
        if (stops_.stopped()) reason_ = FinishReason::stop_sequence;
    }
    const bool willing = reason_ == FinishReason::stop || reason_ == FinishReason::stop_sequence;
    if (willing && !answer_.tool_calls.empty()) reason_ = FinishReason::tool_calls;
}

ChatMessage Decoder::message() {
    Decoded rest;
    if (!finished_) finish(FinishReason::cancelled, rest);
    return answer_;
}

std::string Decoder::id_of(size_t call) const {
    return short_id(options_.seed_of_ids + call * 0x2545F4914F6CDD1Dull);
}

TokenLogprob Decoder::logprob_of(Token token, float logit, const Logprobs & all) const {
    TokenLogprob entry{token, model_->piece(token, true), all.of(logit), {}};
    for (const auto & [other, logprob] : all.top()) {
        entry.top.push_back({other, model_->piece(other, true), logprob, {}});
    }
    return entry;
}

}  // namespace banyan
