#include "runner/answers/plain-calls.h"

#include <algorithm>
#include <functional>

#include "chat-peg-parser.h"
#include "chat.h"
#include "json-schema-to-grammar.h"
#include "runner/grammars/parser-tree.h"

namespace banyan {

namespace {

bool reads_calls(const common_chat_params & params) {
    if (params.parser.empty()) return false;
    const ParserTree tree(params.parser);
    return tree.holds(tree.root()) & ParserTree::kToolName;
}

using Calls = std::function<common_peg_parser(common_chat_peg_builder &)>;

/** The format of `params` becomes: reasoning as it was, text, and from `tag` on what `calls` reads. */
void give_calls(common_chat_params & params, const common_chat_templates_inputs & inputs, const std::string & tag,
                const Calls & calls) {
    // An answer that is continued has begun in the prompt.
    std::string prompt = params.generation_prompt;
    if (inputs.continue_final_message != COMMON_CHAT_CONTINUATION_NONE) {
        prompt.resize(prompt.size() - std::min(prompt.size(), inputs.messages.back().content.size()));
    }
    const std::string & start = params.thinking_start_tag;
    common_peg_arena parser = build_chat_peg_parser([&](common_chat_peg_builder & p) {
        common_peg_parser reasoning = p.eps();
        if (!start.empty() && !params.thinking_end_tags.empty()) {
            const std::string & end = params.thinking_end_tags.front();
            reasoning = p.optional(p.literal(start) + p.reasoning(p.until(end)) + p.literal(end));
        }
        return p.prefix(prompt, start) + reasoning + p.optional(p.content(p.until(tag))) + calls(p) + p.end();
    });
    params.format = COMMON_CHAT_FORMAT_PEG_NATIVE;
    params.parser = parser.save();
    params.preserved_tokens.push_back(tag);
    params.grammar_lazy = true;
    params.grammar_triggers = {{COMMON_GRAMMAR_TRIGGER_TYPE_WORD, tag}};
    params.grammar = build_grammar([&](const common_grammar_builder & rules) { parser.build_grammar(rules, true); });
}

}  // namespace

void add_plain_calls(common_chat_params & params, const common_chat_templates_inputs & inputs,
                     const std::string & source) {
    if (reads_calls(params)) return;
    const std::string tag = source.find("<|tool_call|>") == std::string::npos ? "<tool_call>" : "<|tool_call|>";
    const bool must = inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    const common_json tools = common_chat_tools_to_json_oaicompat(inputs.tools);
    give_calls(params, inputs, tag, [&](common_chat_peg_builder & p) {
        return p.standard_json_tools(tag, "", tools, inputs.parallel_tool_calls, must, "name", "arguments",
                                     /* array_wrapped = */ true);
    });
}

void add_own_calls(common_chat_params & params, const common_chat_templates_inputs & inputs) {
    static const std::string kOpen = "<tool_call>", kClose = "</tool_call>";
    const bool must = inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    const common_json tools = common_chat_tools_to_json_oaicompat(inputs.tools);
    params.preserved_tokens.push_back(kClose);
    give_calls(params, inputs, kOpen, [&](common_chat_peg_builder & p) {
        const auto call = p.standard_json_tools(kOpen, kClose, tools, false, true, "name", "arguments");
        const auto calls =
            p.trigger_rule("tool-calls", inputs.parallel_tool_calls ? p.one_or_more(call + p.space()) : call);
        return must ? calls : p.optional(calls);
    });
}

}  // namespace banyan
