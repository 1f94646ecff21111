#include "runner/grammars/answer-grammar.h"

#include <functional>

#include "chat.h"
#include "json-schema-to-grammar.h"
#include "peg-parser.h"
#include "runner/grammars/forced-calls.h"
#include "runner/grammars/forced-content.h"
#include "runner/grammars/gbnf-names.h"
#include "runner/grammars/parser-tree.h"
#include "runner/grammars/reasoning-grammar.h"

namespace banyan {

namespace {

using Node = ParserTree::Node;

/** `rewrite`: the parser's tree -> its new root, -1 = it has none; '' then. */
std::string grammar_of(
    const common_chat_params & params, bool thinking,
    const std::function<Node(ParserTree &, ReasoningGrammar &, const common_grammar_builder &)> & rewrite) {
    if (params.parser.empty()) return "";
    bool made = false;
    const std::string out = build_grammar([&](const common_grammar_builder & rules) {
        ParserTree tree(params.parser);
        ReasoningGrammar reasoning(tree, params, thinking);
        const Node root = rewrite(tree, reasoning, rules);
        if (root < 0) return;
        common_peg_arena arena;
        arena.load(tree.save(root));
        arena.build_grammar(rules, false);
        made = true;
    });
    return made ? out : "";
}

ToolSchemas schemas_of(const common_json & tools) {
    ToolSchemas schemas;
    for (const common_json & tool : tools) {
        const common_json & function = tool.at("function");
        schemas.emplace(function.at("name"), common_chat_schema_from_json(common_chat_tool_parameters(function)));
    }
    return schemas;
}

}  // namespace

std::string forced_calls(const common_chat_params & params, const common_json & tools, bool parallel, bool thinking) {
    const ToolSchemas schemas = schemas_of(tools);
    return grammar_of(params, thinking,
                      [&](ParserTree & tree, ReasoningGrammar & reasoning, const common_grammar_builder & rules) {
                          return ForcedCalls(tree, reasoning, rules, schemas, parallel).root();
                      });
}

std::string calls_or_schema(const common_chat_params & params, const common_json & tools,
                            const std::string & json_schema, bool parallel, bool thinking) {
    const ToolSchemas schemas = schemas_of(tools);
    const common_chat_schema_document schema = common_chat_schema_from_json(common_json::parse(json_schema));
    return grammar_of(params, thinking,
                      [&](ParserTree & tree, ReasoningGrammar & reasoning, const common_grammar_builder & rules) {
                          const Node calls = ForcedCalls(tree, reasoning, rules, schemas, parallel).root();
                          const Node body = tree.grammar(rules.add_schema("the-answer", *schema.root));
                          const Node content = ForcedContent(tree, reasoning, body).root();
                          return calls < 0 || content < 0 ? -1 : tree.choice({calls, content});
                      });
}

std::string content_of_schema(const common_chat_params & params, const std::string & json_schema, bool thinking) {
    const common_chat_schema_document schema = common_chat_schema_from_json(common_json::parse(json_schema));
    return grammar_of(params, thinking,
                      [&](ParserTree & tree, ReasoningGrammar & reasoning, const common_grammar_builder & rules) {
                          const Node body = tree.grammar(rules.add_schema("the-answer", *schema.root));
                          return ForcedContent(tree, reasoning, body).root();
                      });
}

std::string bare_content(const std::string & json_schema) {
    const common_chat_schema_document schema = common_chat_schema_from_json(common_json::parse(json_schema));
    return build_grammar([&](const common_grammar_builder & rules) {
        rules.add_rule("root", rules.add_schema("the-answer", *schema.root));
    });
}

std::string content_of_grammar(const common_chat_params & params, const std::string & gbnf, bool thinking) {
    const std::string out = grammar_of(
        params, thinking, [&](ParserTree & tree, ReasoningGrammar & reasoning, const common_grammar_builder &) {
            return ForcedContent(tree, reasoning, tree.grammar("callers-root")).root();
        });
    return out.empty() ? out : out + "\n" + with_prefix(gbnf, "callers-");
}

}  // namespace banyan
