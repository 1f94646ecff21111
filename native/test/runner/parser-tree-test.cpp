// The tree of a format's parser: what it knows of its nodes, and that a rewriting leaves all else as it was.
#include "runner/grammars/parser-tree.h"

#include "chat-peg-parser.h"
#include "check.h"
#include "json-schema-to-grammar.h"
#include "peg-parser.h"

using namespace banyan;
using namespace banyan::test;

namespace {

using Node = ParserTree::Node;

/** [reasoning] [content] ("(" name ")")*, the name by a rule. */
std::string saved() {
    return build_chat_peg_parser([](common_chat_peg_builder & p) {
               const auto name = p.rule("name", p.tool_name(p.literal("find") | p.literal("count")));
               const auto thought = p.optional(p.literal("<t>") + p.reasoning(p.until("</t>")) + p.literal("</t>"));
               return thought + p.optional(p.content(p.until("("))) +
                      p.zero_or_more(p.literal("(") + name + p.literal(")")) + p.optional(p.literal(".")) + p.end();
           })
        .save();
}

std::string gbnf_of(const std::string & tree) {
    return build_grammar([&](const common_grammar_builder & rules) {
        common_peg_arena arena;
        arena.load(tree);
        arena.build_grammar(rules, false);
    });
}

bool reads(const std::string & tree, const std::string & text) {
    common_peg_arena arena;
    arena.load(tree);
    common_peg_parse_context context(text);
    const auto result = arena.parse(context);
    return result.success() && result.end == text.size();
}

}  // namespace

TEST("a node knows what lies below it, through rules too") {
    const ParserTree tree(saved());
    const Node root = tree.root();
    CHECK(tree.holds(root, ParserTree::kToolName) && tree.holds(root, ParserTree::kReasoning));
    CHECK(tree.holds(root, ParserTree::kContent) && !tree.holds(root, ParserTree::kArguments));
    const Node content = tree.find_tag(root, "content");
    CHECK(content >= 0 && !tree.holds(content, ParserTree::kToolName));
    CHECK(tree.delimiters(content) == std::vector<std::string>{"("});
    CHECK_EQ(tree.find_tag(root, "tool-id"), -1);
    CHECK(tree.rule("name") >= 0 && tree.rule("other") < 0);
    const Node dot = tree.find(root, [&](Node at) { return tree.optional_literal(at); });
    CHECK(dot >= 0 && tree.field(tree.children(dot).front(), "literal") == ".");
}

TEST("what is saved is what was read") {
    const ParserTree tree(saved());
    CHECK_EQ(gbnf_of(tree.save(tree.root())), gbnf_of(saved()));
    for (const char * text : {"<t>a</t>b(find)(count).", "b", "", "(find)"}) {
        CHECK(reads(saved(), text) && reads(tree.save(tree.root()), text));
    }
    CHECK(!reads(saved(), "(lose)"));
}

TEST("a rewriting has another root; the tree it came from stays") {
    ParserTree tree(saved());
    const std::string before = gbnf_of(tree.save(tree.root()));
    const Node name = tree.find_tag(tree.root(), "tool-name");
    const Node twice = tree.sequence({name, tree.repeat(tree.literal("!"), 2, 2)});
    const std::string rewritten = tree.save(twice);
    CHECK(reads(rewritten, "find!!") && !reads(rewritten, "find!") && !reads(rewritten, "lose!!"));
    CHECK_EQ(gbnf_of(tree.save(tree.root())), before);
    const Node only = tree.choice({tree.literal("x")});
    CHECK_EQ(tree.type(only), "literal");
    CHECK(tree.holds(twice, ParserTree::kToolName) && !tree.holds(only, ParserTree::kToolName));
}

TEST("a changed rule stands in its own place: its name would bring the old one back") {
    ParserTree tree(saved());
    const Node changed = tree.with_children(tree.rule("name"), {tree.literal("lose")});
    CHECK_EQ(gbnf_of(tree.save(changed)), gbnf_of(tree.save(tree.literal("lose"))));
}
