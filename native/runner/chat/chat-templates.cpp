#include "runner/chat/chat-templates.h"

#include "chat.h"
#include "core/programs/hint.h"
#include "llama.h"
#include "runner/answers/answer-syntax.h"
#include "runner/answers/plain-calls.h"
#include "runner/answers/spelled-parser.h"
#include "runner/backend.h"
#include "runner/chat/begun-answer.h"
#include "runner/chat/call-style.h"
#include "runner/chat/template-guard.h"
#include "runner/error.h"
#include "runner/grammars/answer-grammar.h"
#include "runner/grammars/grammar.h"
#include "runner/model.h"
#include "runner/text-bound.h"

namespace autoparser {
extern thread_local const std::function<bool(const std::string &)> * parser_is_known;  // native/patches/0006
}

namespace banyan {

namespace {

common_json parse_array(const std::string & text, const char * code, const char * field) {
    if (nesting_depth(text) > kMaxNesting) throw Error(code, std::string(field) + " are nested too deeply", field);
    common_json value = common_json::parse_no_throw(text.empty() ? "[]" : text);
    if (value.is_discarded() || !value.is_array()) throw Error(code, std::string(field) + " must be an array", field);
    return value;
}

/** Runs `parse` and gives its failure the code and field. */
template <typename Parse>
auto typed(const char * code, const char * field, Parse parse) {
    try {
        return parse();
    } catch (const Error &) {
        throw;
    } catch (const std::exception & e) {
        throw Error(code, e.what(), field);
    }
}

bool has_content(const ChatRequest & request) {
    return !request.json_schema.empty() || !request.grammar.empty();
}

AnswerKind kind_of(const common_chat_templates_inputs & inputs, const ChatRequest & request) {
    if (inputs.tools.empty() || inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_NONE) return AnswerKind::content;
    if (request.continue_answer && has_content(request)) return AnswerKind::content;  // it has begun
    if (inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_REQUIRED) return AnswerKind::calls;
    return has_content(request) ? AnswerKind::calls_or_content : AnswerKind::text_and_calls;
}

/** Puts in what the answer must be, where it must be something. */
void constrain_answer(common_chat_params & params, const common_chat_templates_inputs & inputs,
                      const ChatRequest & request, AnswerKind kind) {
    if (kind == AnswerKind::text_and_calls || (kind == AnswerKind::content && !has_content(request))) return;
    const bool thinking = request.enable_thinking, parallel = request.parallel_tool_calls;
    const common_json tools = common_chat_tools_to_json_oaicompat(inputs.tools);
    if (request.continue_answer && has_content(request)) {
        params.grammar = request.grammar.empty() ? bare_content(request.json_schema) : request.grammar;
    } else if (kind == AnswerKind::calls) {
        params.grammar = forced_calls(params, tools, parallel, thinking);
    } else if (kind == AnswerKind::calls_or_content) {
        params.grammar = calls_or_schema(params, tools, request.json_schema, parallel, thinking);
    } else {
        params.grammar = request.grammar.empty() ? content_of_schema(params, request.json_schema, thinking)
                                                 : content_of_grammar(params, request.grammar, thinking);
    }
    params.grammar_lazy = false;
    params.grammar_triggers.clear();
    if (params.grammar.empty()) throw std::runtime_error("llama.cpp knows no format of answers for this template");
}

common_chat_templates_inputs inputs_of(const ChatRequest & request) {
    common_chat_templates_inputs inputs;
    inputs.messages = typed("INVALID_MESSAGES", "messages", [&] {
        return common_chat_msgs_parse_oaicompat(parse_array(request.messages, "INVALID_MESSAGES", "messages"));
    });
    if (inputs.messages.empty()) throw Error("INVALID_MESSAGES", "messages must not be empty", "messages");
    inputs.tools = typed("INVALID_TOOLS", "tools", [&] {
        const common_json tools = parse_array(request.tools, "INVALID_TOOLS", "tools");
        for (const common_json & tool : tools)
            if (!tool.contains("grammar")) check_names(tool);
        return common_chat_tools_parse_oaicompat(tools);
    });
    for (const common_chat_tool & tool : inputs.tools) {
        if (tool.name.size() <= kMaxToolName) continue;
        throw Error("INVALID_TOOLS", "a tool's name has at most " + std::to_string(kMaxToolName) + " bytes", "tools");
    }
    inputs.tool_choice = typed("INVALID_OPTION", "toolChoice",
                               [&] { return common_chat_tool_choice_parse_oaicompat(request.tool_choice); });
    if (!request.json_schema.empty()) grammar_from_schema(request.json_schema);
    for (const auto & [name, value] : request.template_args) {
        const bool valid = nesting_depth(value) <= kMaxNesting && !common_json::parse_no_throw(value).is_discarded();
        if (!valid) throw Error("INVALID_OPTION", "templateArgs." + name + " is not JSON", "templateArgs." + name);
    }
    inputs.chat_template_kwargs = request.template_args;
    // An answer that follows a grammar has no calls.
    if (!request.grammar.empty()) inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_NONE;
    inputs.parallel_tool_calls = request.parallel_tool_calls;
    inputs.add_generation_prompt = request.add_generation_prompt;
    if (request.continue_answer) go_on_with_last(inputs);
    inputs.enable_thinking = request.enable_thinking;
    inputs.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
    return inputs;
}

/**
 * Of each tool, what its grammar is made of: its `grammar` (src/schema), else its parameters. Throws Error
 * INVALID_SCHEMA with the tool at fault.
 */
std::map<std::string, common_json> grammars_of(const std::string & tools) {
    std::map<std::string, common_json> out;
    int index = 0;
    for (const common_json & tool : parse_array(tools, "INVALID_TOOLS", "tools")) {
        const common_json & function = tool.at("function");
        const std::string name = function.at("name");
        if (tool.contains("grammar")) {
            out.emplace(name, common_json::parse(tool.at("grammar").get<std::string>()));
        } else if (function.contains("parameters")) {
            try {
                grammar_from_schema(function.at("parameters").dump());
            } catch (const Error & e) {
                throw Error("INVALID_SCHEMA", "parameters of tool " + name + ": " + e.what(),
                            "tools[" + std::to_string(index) + "]");
            }
        }
        ++index;
    }
    return out;
}

/** Why the grammar of a format does not parse: a tool of its own, else all that it is made of. */
Error grammar_error(const std::string & why, const std::string & tools,
                    const std::map<std::string, common_json> & grammars) {
    int index = 0;
    for (const common_json & tool : parse_array(tools, "INVALID_TOOLS", "tools")) {
        const std::string name = tool.at("function").at("name");
        const auto found = grammars.find(name);
        try {
            if (found != grammars.end()) grammar_from_schema(found->second.dump());
        } catch (const Error & e) {
            return {"INVALID_SCHEMA", "parameters of tool " + name + ": " + e.what(),
                    "tools[" + std::to_string(index) + "]"};
        }
        ++index;
    }
    if (index == 0) return {"INVALID_SCHEMA", "its grammar cannot be used: " + why, "jsonSchema"};
    return {"INVALID_TOOLS", "the grammar of all tools together cannot be used: " + why, "tools"};
}

/** What the template says with raise_exception, '' when it failed otherwise. llama.cpp puts the place in it before. */
std::string raised(const std::string & failure) {
    static const std::string kMark = "Jinja Exception: ";
    const size_t at = failure.rfind(kMark);
    return at == std::string::npos ? "" : failure.substr(at + kMark.size());
}

/** Two calls in one turn and their results, by words that the prompt must show. */
constexpr const char * kTwoCalls = R"([
    {"role": "user", "content": "ask"},
    {"role": "assistant", "content": "", "tool_calls": [
        {"id": "call00000", "type": "function", "function": {"name": "look", "arguments": "{\"at\": \"first7call\"}"}},
        {"id": "call00001", "type": "function", "function": {"name": "look", "arguments": "{\"at\": \"second7call\"}"}}]},
    {"role": "tool", "tool_call_id": "call00000", "name": "look", "content": "1"},
    {"role": "tool", "tool_call_id": "call00001", "name": "look", "content": "2"}])";

bool shows_two_calls(const common_chat_templates * templates) {
    common_chat_templates_inputs inputs;
    inputs.messages = common_chat_msgs_parse_oaicompat(common_json::parse_no_throw(kTwoCalls));
    inputs.tools.push_back({"look", "", R"({"type": "object", "properties": {"at": {"type": "string"}}})"});
    try {
        const std::string prompt = common_chat_templates_apply(templates, inputs).prompt;
        return prompt.find("first7call") < prompt.find("second7call") &&
               prompt.find("second7call") != std::string::npos;
    } catch (const std::exception &) {
        return false;
    }
}

/** Instructions in the midst of a conversation, by words that the prompt must show in this order. */
constexpr const char * kLateSystem = R"([
    {"role": "system", "content": "first7word"}, {"role": "user", "content": "second7word"},
    {"role": "assistant", "content": "third7word"}, {"role": "system", "content": "fourth7word"},
    {"role": "user", "content": "fifth7word"}])";

bool shows_late_system(const common_chat_templates * templates) {
    common_chat_templates_inputs inputs;
    inputs.messages = common_chat_msgs_parse_oaicompat(common_json::parse_no_throw(kLateSystem));
    try {
        const std::string prompt = common_chat_templates_apply(templates, inputs).prompt;
        size_t at = 0;
        for (const char * word : {"first7word", "second7word", "third7word", "fourth7word", "fifth7word"}) {
            at = prompt.find(word, at);
            if (at == std::string::npos) return false;
        }
        return prompt.find("fourth7word") == prompt.rfind("fourth7word");
    } catch (const std::exception &) {
        return false;
    }
}

/** While alive on this thread, llama.cpp makes the grammars of calls of these. */
struct ToolGrammars {
    explicit ToolGrammars(const std::map<std::string, common_json> & grammars) {
        common_chat_grammar_parameters = &grammars;
    }
    ~ToolGrammars() { common_chat_grammar_parameters = nullptr; }
};

/** Two requests with one of these have one format, where their generation prompts agree too. */
std::string format_key(const ChatRequest & request) {
    std::string key;
    const auto add = [&](const std::string & part) { key += std::to_string(part.size()) + ':' + part; };
    add(request.tools);
    add(request.tool_choice);
    add(request.json_schema);
    add(request.grammar);
    for (const bool flag : {request.parallel_tool_calls, request.add_generation_prompt, request.enable_thinking})
        key += flag ? '1' : '0';
    for (const auto & [name, value] : request.template_args) {
        add(name);
        add(value);
    }
    return key;
}

/** While alive on this thread, llama.cpp makes no parser for a generation prompt that `known` says yes to. */
struct KnownParsers {
    using Known = std::function<bool(const std::string &)>;
    explicit KnownParsers(const Known & known) { autoparser::parser_is_known = &known; }
    ~KnownParsers() { autoparser::parser_is_known = nullptr; }
};

/** What the template gets. */
common_chat_templates_inputs shown(common_chat_templates_inputs inputs, ToolFormat format) {
    if (format != ToolFormat::own) return inputs;
    inputs.tools.clear();
    inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_NONE;
    return inputs;
}

/** What of the prompt the template did not write, ascending. */
std::vector<TextSpan> input_spans(const common_chat_rendering & rendering, const std::string & prompt) {
    // Some formats add to the rendered text, or change a word in it: a span that such a change touches takes it in.
    const std::string & text = rendering.text;
    const size_t shorter = std::min(text.size(), prompt.size());
    size_t front = 0, back = 0;
    while (front < shorter && text[front] == prompt[front]) ++front;
    while (back < shorter - front && text[text.size() - 1 - back] == prompt[prompt.size() - 1 - back]) ++back;
    const auto moved = [&](size_t at, size_t inside) {
        if (at <= front) return at;
        return at < text.size() - back ? inside : at + prompt.size() - text.size();
    };
    std::vector<TextSpan> out;
    for (const auto & [begin, end] : rendering.input) {
        const TextSpan span{moved(begin, front), moved(end, prompt.size() - back)};
        if (span.begin < span.end) out.push_back(span);
    }
    return out;
}

/** A model may bring a second template, for conversations with tools. */
void check_own_templates(const llama_model * model) {
    for (const char * name : {static_cast<const char *>(nullptr), "tool_use"}) {
        if (const char * own = llama_model_chat_template(model, name)) check_template(own);
    }
}

}  // namespace

ChatTemplates::ChatTemplates(std::shared_ptr<const Model> model, const std::string & source, ToolFormatChoice choice)
    : model_(std::move(model)), tokenizer_(model_), templates_(nullptr, common_chat_templates_free) {
    backend::AssertGuard guard;
    TemplateBudget budget;
    try {
        check_template(source);
        if (source.empty()) check_own_templates(model_->handle());
        templates_.reset(common_chat_templates_init(model_->handle(), source).release());
        has_template_ = common_chat_templates_was_explicit(templates_.get());
        const auto caps = common_chat_templates_get_caps(templates_.get());
        const auto can = [&](const char * what) { return caps.count(what) && caps.at(what); };
        if (can("supports_tools") || can("supports_tool_calls")) {
            tool_format_ = ToolFormat::of_template;
            // llama.cpp's own probe leaves the second call without a result, which some templates refuse.
            supports_parallel_ = can("supports_parallel_tool_calls") || shows_two_calls(templates_.get());
        } else if (has_template_ && choice == ToolFormatChoice::automatic) {
            tool_format_ = ToolFormat::own;
            supports_parallel_ = true;
        }
        supports_late_system_ = shows_late_system(templates_.get());
        // Last, as it may use up the budget of all of them.
        if (tool_format_ == ToolFormat::of_template) call_style_ = call_style(templates_.get());
        if (tool_format_ == ToolFormat::own) call_style_ = own_call_style();
    } catch (const std::exception & e) {
        if (!source.empty()) throw Error("INVALID_TEMPLATE", e.what(), "chatTemplate");
        broken_ = e.what();
    }
}

ChatTemplates::~ChatTemplates() = default;

RenderedChat ChatTemplates::render(const ChatRequest & request) const {
    if (!templates_) throw Error("INVALID_TEMPLATE", "the model's chat template does not parse: " + broken_);
    backend::AssertGuard guard;
    common_chat_rendering rendering;
    common_chat_templates_inputs inputs = inputs_of(request);
    if (!request.grammar.empty()) check_grammar(model_->vocab(), request.grammar);
    inputs.rendering = &rendering;
    inputs.parallel_tool_calls = inputs.parallel_tool_calls && supports_parallel_;
    const std::map<std::string, common_json> grammars = grammars_of(request.tools);
    common_chat_params params;
    RenderedChat out;
    const std::string settings = format_key(request);
    const KnownParsers::Known known = [&](const std::string & generation_prompt) {
        // What an answer begins with is a part of its format: such formats are not kept.
        if (!request.continue_answer) out.format = formats_.find(settings + generation_prompt);
        return out.format != nullptr;
    };
    TemplateBudget budget(inputs.messages.size(), request.messages.size());
    try {
        const std::lock_guard<std::mutex> lock(rendering_);
        KnownParsers parsers(known);
        ToolGrammars tools(grammars);
        params = common_chat_templates_apply(templates_.get(), shown(inputs, tool_format_));
    } catch (const std::exception & e) {
        const std::string refusal = raised(e.what());
        if (!refusal.empty()) throw Error("INVALID_MESSAGES", refusal, "messages");
        const char * field = budget.spent() ? "" : "messages";  // others may do
        throw Error("INVALID_TEMPLATE", std::string("the chat template failed: ") + e.what(), field);
    }
    const AnswerKind kind = kind_of(inputs, request);
    const bool has_tools = kind != AnswerKind::content;
    const auto make = [&] {
        const ToolGrammars tools(grammars);
        if (has_tools && tool_format_ == ToolFormat::own) add_own_calls(params, inputs);
        if (has_tools) add_plain_calls(params, inputs, common_chat_templates_source(templates_.get()));
        params.parser = spelled_parser(params.parser);
        constrain_answer(params, inputs, request, kind);
        AnswerTexts texts;
        texts.blanks = call_style_;
        if (request.continue_answer) texts.begun = inputs.messages.back().content;
        if (kind == AnswerKind::calls_or_content) {
            texts.content = content_of_schema(params, request.json_schema, request.enable_thinking);
        }
        return std::make_shared<const ChatFormat>(*model_, params, kind, request.enable_thinking, texts);
    };
    if (request.continue_answer) {
        out.format = begun_format(make);
    } else if (!out.format) {
        const std::string key = settings + params.generation_prompt;
        try {
            out.format = formats_.get(key, make);
        } catch (const std::exception & e) {
            throw grammar_error(e.what(), request.tools, grammars);
        }
    }
    if (request.max_context > 0) {
        check_text_fits(params.prompt.size(), model_->info().longest_token, request.max_context);
    }
    std::vector<TextSpan> input = input_spans(rendering, params.prompt);
    if (request.continue_answer) input = with_begun(std::move(input), params.prompt, inputs.messages.back());
    out.literal = tokenizer_.literal(params.prompt, input);
    out.tokens = tokenizer_.tokenize(params.prompt, out.literal, true);
    out.prompt = std::move(params.prompt);
    return out;
}

}  // namespace banyan
