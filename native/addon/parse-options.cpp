#include "addon/parse-options.h"

#include "addon/chat-handle.h"
#include "addon/fields.h"
#include "addon/grammar-worker.h"
#include "addon/option-reader.h"
#include "addon/parse-policy.h"

namespace banyan {

namespace {

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

/** Pairs of a token and its bias. */
void parse_biases(const Fields & fields, RequestOptions & out) {
    const Napi::Value value = fields.value("logitBias");
    if (!value.IsArray()) fields.fail("logitBias", "must be a list");
    const auto list = value.As<Napi::Array>();
    if (list.Length() > kMostBiases) fields.fail("logitBias", "has too many entries");
    for (uint32_t i = 0; i < list.Length(); ++i) {
        const Napi::Value pair = list.Get(i);
        if (!pair.IsArray()) fields.fail("logitBias", "must be a list of pairs");
        const int64_t token = integer_of(pair.As<Napi::Array>().Get(uint32_t{0}), "logitBias", 0, kMaxInt);
        const double bias = number_of(pair.As<Napi::Array>().Get(uint32_t{1}), "logitBias", -kMostBias, kMostBias);
        out.sampling.biases.push_back({static_cast<Token>(token), static_cast<float>(bias)});
    }
}

}  // namespace

EngineOptions parse_engine_options(const Napi::Value & value) {
    const Fields fields(value, "options");
    EngineOptions out;
    out.model_path = fields.string("modelPath");
    if (out.model_path.empty()) fields.fail("modelPath", "must not be empty");
    if (out.model_path.find('\0') != std::string::npos) fields.fail("modelPath", "must not contain a NUL character");
    read_options(value.As<Napi::Object>(), out);
    parse_policy_of(fields, out);
    read_given_options(fields.value("cache"), out.cache, "cache");
    const Napi::Value alone = fields.value("vocabularyOnly");
    if (!alone.IsUndefined()) out.vocabulary_only = boolean_of(alone, "vocabularyOnly");
    if (out.cache.dir.find('\0') != std::string::npos) fields.fail("cache.dir", "must not contain a NUL character");
    return out;
}

RequestOptions parse_request(const Napi::Value & value) {
    const Fields fields(value, "request");
    RequestOptions out;
    out.prompt = fields.tokens("prompt");
    read_options(value.As<Napi::Object>(), out);
    out.stop = fields.strings("stop", 64);
    for (const std::string & stop : out.stop) {
        if (stop.empty() || stop.size() > 4096)
            fields.fail("stop", "has a string that is empty or longer than 4096 bytes");
    }
    parse_biases(fields, out);
    out.parsed_grammar = grammar_of(fields.value("grammar"));
    if (!out.parsed_grammar) out.grammar = fields.string("grammar");
    out.chat = chat_of(fields.value("chat"), "chat");
    return out;
}

EmbeddingOptions parse_embedding(const Napi::Value & value) {
    const Fields fields(value, "request");
    EmbeddingOptions out;
    read_options(value.As<Napi::Object>(), out);
    const Napi::Value texts = fields.value("texts");
    if (!texts.IsArray()) fields.fail("texts", "must be a list");
    const auto list = texts.As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length(); ++i) {
        out.texts.push_back(tokens_of(list.Get(i), "texts[" + std::to_string(i) + "]"));
    }
    return out;
}

HintOptions parse_hint(const Napi::Value & value) {
    const Fields fields(value, "hint");
    HintOptions out;
    read_options(value.As<Napi::Object>(), out);
    out.hint.tokens = fields.tokens("tokens");
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
    out.continue_answer = fields.boolean("continueAnswer");
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
