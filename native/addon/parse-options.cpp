#include "addon/parse-options.h"

#include <limits>

#include "addon/chat-handle.h"
#include "addon/fields.h"
#include "addon/grammar-worker.h"
#include "addon/parse-policy.h"

namespace banyan {

namespace {

KvType kv_type(const Fields & fields, const char * name) {
    return fields.choice<KvType>(name, {{"f16", KvType::f16},
                                        {"f32", KvType::f32},
                                        {"bf16", KvType::bf16},
                                        {"q8_0", KvType::q8_0},
                                        {"q4_0", KvType::q4_0}});
}

SamplingOptions parse_sampling(const Napi::Value & value) {
    const Fields fields(value, "sampling", "sampling.");
    SamplingOptions out;
    out.temperature = static_cast<float>(fields.number("temperature", 0, 100));
    out.top_k = static_cast<int32_t>(fields.integer("topK", 0, 1'000'000));
    out.top_p = static_cast<float>(fields.number("topP", 0, 1));
    out.min_p = static_cast<float>(fields.number("minP", 0, 1));
    out.repeat_penalty = static_cast<float>(fields.number("repeatPenalty", 0.01, 100));
    out.frequency_penalty = static_cast<float>(fields.number("frequencyPenalty", -100, 100));
    out.presence_penalty = static_cast<float>(fields.number("presencePenalty", -100, 100));
    out.penalty_last_n = static_cast<int32_t>(fields.integer("penaltyLastN", -1, 1 << 20));
    out.seed = fields.integer("seed", -1, std::numeric_limits<uint32_t>::max());
    out.logprobs = static_cast<int32_t>(fields.integer("logprobs", -1, 20));
    return out;
}

/** JSON.stringify: may throw what a toJSON throws, and gives no text for functions and symbols. */
std::string json_text(const Napi::Value & value, const char * code, const char * field) {
    const Napi::Env env = value.Env();
    const auto json = env.Global().Get("JSON").As<Napi::Object>();
    const Napi::Value text = json.Get("stringify").As<Napi::Function>().Call(json, {value});
    if (!text.IsString()) throw Error(code, std::string(field) + " cannot be written as JSON", field);
    return text.As<Napi::String>().Utf8Value();
}

/** The engine measures what the simulator is told: its costs, unless the caller gives them. */
void parse_policy_of(const Fields & fields, EngineOptions & out) {
    const Napi::Value value = fields.value("policy");
    out.policy = parse_policy(value);
    const auto gives = [&](const char * name) {
        return value.IsObject() && !value.As<Napi::Object>().Get(name).IsUndefined();
    };
    out.calibrate = !gives("cost");
    if (!gives("refit")) out.policy.refit = true;
    SchedulerConfig config;
    config.n_pages = 1;
    config.max_running = out.runner.max_running;
    config.policy = out.policy;
    check_config(config);
}

Micros micros(const Fields & fields, const char * name) {
    constexpr double kLongest = 1e12;  // milliseconds
    return static_cast<Micros>(fields.number(name, 0, kLongest) * 1000);
}

}  // namespace

EngineOptions parse_engine_options(const Napi::Value & value) {
    const Fields fields(value, "options");
    EngineOptions out;
    out.model_path = fields.string("modelPath");
    if (out.model_path.empty()) fields.fail("modelPath", "must not be empty");
    if (out.model_path.find('\0') != std::string::npos) fields.fail("modelPath", "must not contain a NUL character");
    out.gpu_layers = static_cast<int32_t>(fields.integer("gpuLayers", -1, kMaxInt));
    out.runner.threads = static_cast<int32_t>(fields.integer("threads", 0, 512));
    out.runner.kv_tokens = fields.integer("kvTokens", 0, 1 << 30);
    out.runner.saved_state_bytes = fields.integer("stateBytes", 0, kMaxSafe);
    out.runner.page_tokens = static_cast<int32_t>(fields.integer("pageTokens", 1, 256));
    if (out.runner.page_tokens & (out.runner.page_tokens - 1)) fields.fail("pageTokens", "must be a power of two");
    out.runner.max_running = static_cast<int32_t>(fields.integer("maxRunning", 1, 256));
    out.runner.max_batch_tokens = static_cast<int32_t>(fields.integer("maxBatchTokens", 1, 1 << 16));
    out.max_context = static_cast<int32_t>(fields.integer("maxContext", 0, 1 << 30));
    out.runner.type_k = kv_type(fields, "kvTypeK");
    out.runner.type_v = kv_type(fields, "kvTypeV");
    out.runner.attention = fields.choice<AttentionMode>(
        "attention",
        {{"auto", AttentionMode::automatic}, {"paged", AttentionMode::paged}, {"dense", AttentionMode::dense}});
    out.prefix_cache = fields.boolean("prefixCache");
    out.batching = fields.boolean("batching");
    out.chat_template = fields.string("chatTemplate");
    parse_policy_of(fields, out);
    return out;
}

RequestOptions parse_request(const Napi::Value & value) {
    const Fields fields(value, "request");
    RequestOptions out;
    out.prompt = fields.tokens("prompt");
    out.max_tokens = static_cast<int32_t>(fields.integer("maxTokens", 0, kMaxInt));
    out.thinking_tokens = static_cast<int32_t>(fields.integer("thinkingTokens", -1, kMaxInt));
    out.cls = class_of(fields, "class");
    out.program = static_cast<ProgramId>(fields.integer("program", 0, kMaxSafe));
    out.salt = fields.string("salt");
    out.cache = fields.boolean("cache");
    out.deadline = micros(fields, "deadlineMs");
    out.ttft_limit = micros(fields, "ttftLimitMs");
    out.group = static_cast<GroupId>(fields.integer("group", 0, kMaxSafe));
    out.group_size = static_cast<int32_t>(fields.integer("groupSize", 0, 1 << 16));
    out.static_tokens = static_cast<int32_t>(fields.integer("staticTokens", 0, kMaxInt));
    out.boundary = static_cast<int32_t>(fields.integer("boundary", 0, kMaxInt));
    out.sampling = parse_sampling(fields.value("sampling"));
    out.stop = fields.strings("stop", 64);
    for (const std::string & stop : out.stop) {
        if (stop.empty() || stop.size() > 4096)
            fields.fail("stop", "has a string that is empty or longer than 4096 bytes");
    }
    out.parsed_grammar = grammar_of(fields.value("grammar"));
    if (!out.parsed_grammar) out.grammar = fields.string("grammar");
    out.json_schema = fields.string("jsonSchema");
    out.chat = chat_of(fields.value("chat"), "chat");
    out.ignore_eos = fields.boolean("ignoreEos");
    return out;
}

HintOptions parse_hint(const Napi::Value & value) {
    using Kind = Hint::Kind;
    const Fields fields(value, "hint");
    HintOptions out;
    out.hint.kind = fields.choice<Kind>("kind", {{"tool-started", Kind::tool_started},
                                                 {"tool-ended", Kind::tool_ended},
                                                 {"waiting-for-human", Kind::human},
                                                 {"next-prefix", Kind::next_prefix},
                                                 {"branch-abandoned", Kind::abandoned},
                                                 {"finished", Kind::finished}});
    out.hint.tool = fields.string("tool");
    out.hint.expected = micros(fields, "expectedMs");
    out.hint.tokens = fields.tokens("tokens");
    out.hint.steps = static_cast<int32_t>(fields.integer("steps", 1, kMaxHintSteps));
    out.hint.from = static_cast<int32_t>(fields.integer("from", 0, kMaxInt));
    out.salt = fields.string("salt");
    return out;
}

ChatRequest parse_chat_input(const Napi::Value & value) {
    const Fields fields(value, "chat");
    ChatRequest out;
    const Napi::Value messages = fields.value("messages");
    const bool encoded = messages.IsTypedArray();
    out.messages = encoded ? encoded_of(messages, "messages") : json_text(messages, "INVALID_MESSAGES", "messages");
    out.tools = json_text(fields.value("tools"), "INVALID_TOOLS", "tools");
    out.tool_choice =
        fields.choice<const char *>("toolChoice", {{"auto", "auto"}, {"none", "none"}, {"required", "required"}});
    out.parallel_tool_calls = fields.boolean("parallelToolCalls");
    out.add_generation_prompt = fields.boolean("addGenerationPrompt");
    out.json_schema = fields.string("jsonSchema");
    out.grammar = fields.string("grammar");
    out.enable_thinking = fields.boolean("enableThinking");
    const Napi::Value args = fields.value("templateArgs");
    if (!args.IsObject()) fields.fail("templateArgs", "must be an object of strings");
    const auto object = args.As<Napi::Object>();
    const Napi::Array names = object.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); ++i) {
        const std::string name = names.Get(i).ToString();
        out.template_args[name] = string_of(object.Get(names.Get(i)), "templateArgs." + name);
    }
    return out;
}

}  // namespace banyan
