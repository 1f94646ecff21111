// What a request's caller is told: how far it is, what it says, how it ended.
#include <exception>
#include <utility>

#include "engine/worker.h"
#include "runner/drafting/draft-runner.h"
#include "tiers/tier-io.h"

namespace banyan {

namespace {

constexpr Micros kTellPrefill = 100'000;  // how often at most

}  // namespace

void Worker::tell_admitted(const Batch & batch) {
    for (const BatchRow & row : batch.rows) {
        const auto live = live_.find(row.request);
        if (live == live_.end() || !live->second.progress || std::exchange(live->second.admitted, true)) continue;
        const RequestUsage & usage = *scheduler_.usage(row.request);
        tell_stage(row.request, Stage::admitted, usage.cached_tokens, usage.prompt_tokens);
        live->second.told = now();
    }
}

void Worker::tell_prefill(const Batch & batch) {
    for (const BatchRow & row : batch.rows) {
        const auto live = live_.find(row.request);
        if (live == live_.end() || !live->second.progress || live->second.prefilled) continue;
        const Micros at = now();
        if (at - live->second.told < kTellPrefill) continue;
        live->second.told = at;
        const RequestUsage & usage = *scheduler_.usage(row.request);
        tell_stage(row.request, Stage::prefill, scheduler_.prefilled(row.request), usage.prompt_tokens);
    }
}

void Worker::tell_stage(RequestId id, Stage stage, int32_t tokens, int32_t prompt_tokens) {
    events_.push_back({id, StageEvent{stage, tokens, prompt_tokens}});
}

void Worker::publish(RequestId id, Decoded && decoded) {
    size_t told = 0;
    const auto pieces = [&](const auto & due) {
        for (; told < decoded.pieces.size() && due(decoded.pieces[told]); ++told) {
            events_.push_back({id, CallPieceEvent{std::move(decoded.pieces[told])}});
        }
    };
    pieces([](const CallPiece & piece) { return piece.stage == CallStage::cut; });
    if (decoded.append || !decoded.text.empty() || !decoded.reasoning.empty()) {
        TokensEvent tokens;
        if (decoded.append) tokens.tokens.push_back(decoded.token);
        tokens.text = std::move(decoded.text);
        tokens.reasoning = std::move(decoded.reasoning);
        tokens.logprobs = std::move(decoded.logprobs);
        events_.push_back({id, std::move(tokens)});
    }
    int32_t index = decoded.first_call;
    for (ToolCall & call : decoded.tool_calls) {
        pieces([&](const CallPiece & piece) { return piece.index <= index; });
        events_.push_back({id, ToolCallEvent{index++, std::move(call)}});
    }
    pieces([](const CallPiece &) { return true; });
}

void Worker::finish(RequestId id, FinishReason reason) {
    const auto found = live_.find(id);
    if (found == live_.end()) return;
    const RequestUsage * usage = scheduler_.usage(id);
    Decoder & decoder = *found->second.decoder;
    try {
        // Half a character or the beginning of a stop text was held back: the stream gets it, as the answer has it.
        if (!decoder.finished()) publish(id, decoder.end(reason));
    } catch (const std::exception &) {
        // Only memory can be short here.
    }
    FinishEvent event{reason, usage ? Usage{*usage, now(), decoder.reasoning_tokens(), {}} : Usage{}};
    if (const auto kept = scheduler_.retention(found->second.program)) event.usage.retained = describe(*kept);
    try {
        event.message = decoder.message();
        event.stop_text = decoder.stop_text();
        event.shortened = decoder.shortened();
    } catch (const std::exception &) {
        // Only memory can be short here; the tokens have been delivered.
    }
    forget(found);
    events_.push_back({id, std::move(event)});
}

void Worker::fail(RequestId id, const std::string & code, const std::string & message, Micros retry_after) {
    const double retry_ms = static_cast<double>(retry_after) / 1000;
    const auto found = live_.find(id);
    if (found == live_.end()) return;
    forget(found);
    events_.push_back({id, ErrorEvent{code, message, retry_ms}});
}

}  // namespace banyan
