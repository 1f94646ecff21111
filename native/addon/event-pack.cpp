#include "addon/event-pack.h"

#include <cstring>
#include <string>
#include <type_traits>

namespace banyan {

namespace {

enum RecordType : uint32_t {
    kTokens = 1,
    kToolCall = 2,
    kFinish = 3,
    kError = 4,
    kDecision = 5,
    kEmbedding = 6,
    kCallPiece = 7,
    kStage = 8,
    kPromptLogprobs = 9
};

/** Everything starts on a multiple of 4 bytes, little-endian as every platform we build for. */
class Writer {
  public:
    explicit Writer(std::vector<uint8_t> & out) : out_(out) {}

    void u32(uint32_t value) { raw(&value, sizeof(value)); }
    void i32(int32_t value) { raw(&value, sizeof(value)); }
    void f32(float value) { raw(&value, sizeof(value)); }
    void f64(double value) { raw(&value, sizeof(value)); }
    void string(const std::string & text) {
        u32(static_cast<uint32_t>(text.size()));
        raw(text.data(), text.size());
        out_.resize((out_.size() + 3) & ~size_t(3));
    }
    void id(RequestId id) {
        u32(static_cast<uint32_t>(id));
        u32(static_cast<uint32_t>(id >> 32));
    }

  private:
    void raw(const void * data, size_t n) {
        const auto * bytes = static_cast<const uint8_t *>(data);
        out_.insert(out_.end(), bytes, bytes + n);
    }

    std::vector<uint8_t> & out_;
};

void logprob(Writer & writer, const TokenLogprob & one) {
    const auto entry = [&](const TokenLogprob & of) {
        writer.i32(of.token);
        writer.f32(of.logprob);
        writer.string(of.text);
    };
    entry(one);
    writer.u32(static_cast<uint32_t>(one.top.size()));
    for (const TokenLogprob & other : one.top) entry(other);
}

void body(Writer & writer, const TokensEvent & event) {
    writer.u32(static_cast<uint32_t>(event.tokens.size()));
    writer.u32(static_cast<uint32_t>(event.logprobs.size()));
    for (const Token token : event.tokens) writer.i32(token);
    writer.string(event.text);
    for (const TokenLogprob & one : event.logprobs) logprob(writer, one);
    writer.string(event.reasoning);
}

void body(Writer & writer, const PromptLogprobsEvent & event) {
    writer.u32(static_cast<uint32_t>(event.logprobs.size()));
    for (const TokenLogprob & one : event.logprobs) logprob(writer, one);
}

void call_body(Writer & writer, const ToolCall & call) {
    writer.string(call.id);
    writer.string(call.name);
    writer.string(call.arguments);
}

void body(Writer & writer, const ToolCallEvent & event) {
    writer.u32(static_cast<uint32_t>(event.index));
    call_body(writer, event.call);
}

void body(Writer & writer, const CallPieceEvent & event) {
    writer.u32(static_cast<uint32_t>(event.piece.stage));
    writer.u32(static_cast<uint32_t>(event.piece.index));
    call_body(writer, {event.piece.id, event.piece.name, event.piece.arguments});
}

void body(Writer & writer, const StageEvent & event) {
    writer.u32(static_cast<uint32_t>(event.stage));
    writer.i32(event.tokens);
    writer.i32(event.prompt_tokens);
}

/** The fields of a record in its order (core/record.h): texts, other records in place, all else as f64. */
template <typename Record>
void record(Writer & writer, const Record & fields) {
    fields.each_field([&](const char *, const auto & value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
            writer.string(value);
        } else if constexpr (std::is_same_v<Value, Millis>) {
            writer.f64(value.value());
        } else if constexpr (std::is_arithmetic_v<Value> || std::is_enum_v<Value>) {
            writer.f64(static_cast<double>(value));
        } else {
            record(writer, value);
        }
    });
}

void body(Writer & writer, const FinishEvent & event) {
    record(writer, event);
    writer.string(event.message.content);
    writer.string(event.message.reasoning);
    writer.u32(static_cast<uint32_t>(event.message.tool_calls.size()));
    for (const ToolCall & call : event.message.tool_calls) call_body(writer, call);
}

void body(Writer & writer, const ErrorEvent & event) {
    writer.string(event.code);
    writer.string(event.message);
    writer.f64(event.retry_after_ms);
}

void body(Writer & writer, const DecisionEvent & event) {
    const Decision & d = event.decision;
    writer.u32(static_cast<uint32_t>(d.what.index()));
    writer.f64(Millis{d.at}.value());
    writer.id(d.program < kAnonymousProgram ? d.program : 0);
    writer.id(d.request);
    writer.string(event.text);
    std::visit([&](const auto & what) { record(writer, what); }, d.what);
}

void body(Writer & writer, const EmbeddingEvent & event) {
    writer.u32(static_cast<uint32_t>(event.index));
    writer.u32(static_cast<uint32_t>(event.vector.size()));
    for (const float number : event.vector) writer.f32(number);
}

}  // namespace

void pack(const Event & event, std::vector<uint8_t> & out) {
    static constexpr RecordType kTypes[] = {
        kTokens,    kToolCall,  kFinish, kError,         kDecision,
        kEmbedding, kCallPiece, kStage,  kPromptLogprobs};  // in the variant's order
    Writer writer(out);
    const size_t start = out.size();
    writer.u32(kTypes[event.what.index()]);
    writer.u32(0);
    writer.id(event.request);
    std::visit([&](const auto & what) { body(writer, what); }, event.what);
    const uint32_t size = static_cast<uint32_t>(out.size() - start);
    std::memcpy(out.data() + start + sizeof(uint32_t), &size, sizeof(size));
}

}  // namespace banyan
