#include "runner/answer-grammar.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "chat.h"
#include "json-schema-to-grammar.h"
#include "peg-parser.h"
#include "runner/argument-grammar.h"
#include "runner/gbnf-names.h"
#include "runner/parser-tree.h"

namespace banyan {

namespace {

using Node = ParserTree::Node;
using Nodes = ParserTree::Nodes;

std::string trimmed(const std::string & text) {
    const size_t begin = text.find_first_not_of(" \n\r\t");
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \n\r\t") - begin + 1);
}

using Schemas = std::map<std::string, common_chat_schema_document>;

class Rewriting {
  public:
    Rewriting(const common_chat_params & params, const common_grammar_builder & rules, bool thinking)
        : tree_(params.parser), rules_(rules), stops_(params.additional_stops) {
        const ReasoningTags tags = reasoning_tags(params);
        const size_t end = tags.end.empty() ? std::string::npos : params.generation_prompt.rfind(tags.end);
        if (end != std::string::npos) {
            const std::string behind = params.generation_prompt.substr(end + tags.end.size());
            if (trimmed(behind).empty()) blanks_ = behind;
        }
        reasons_ = thinking || tags.opened || params.generation_prompt.find(tags.start) != std::string::npos;
        if (!thinking && tags.start.empty()) reasons_ = tags.opened;
    }

    std::string calls(const Schemas & schemas, bool parallel) {
        schemas_ = &schemas;
        parallel_ = parallel;
        if (!holds(tree_.root(), ParserTree::kToolName)) return "";
        return tree_.save(calls(tree_.root(), true));
    }

    std::string content(const std::function<Node(ParserTree &)> & body) {
        body_ = body(tree_);
        if (!holds(tree_.root(), ParserTree::kContent)) return "";
        return tree_.save(content(tree_.root()));
    }

  private:
    bool holds(Node node, unsigned what) const { return tree_.holds(node) & what; }

    /** Nothing passes without a call. */
    bool must_call(Node node) const {
        if (!holds(node, ParserTree::kToolName)) return false;
        if (tree_.tagged(node, "tool-name")) return true;
        const Nodes & children = tree_.children(node);
        const auto must = [&](Node child) { return must_call(child); };
        if (tree_.type(node) == "choice") return std::all_of(children.begin(), children.end(), must);
        if (tree_.type(node) == "repetition" && tree_.number(node, "min_count") == 0) return false;
        return std::any_of(children.begin(), children.end(), must);
    }

    std::set<std::string> tools_of(Node node) const {
        std::set<std::string> names;
        tree_.find(node, [&](Node at) {
            if (tree_.tagged(at, "tool-name")) {
                const Node name = tree_.find(at, [&](Node text) { return tree_.type(text) == "literal"; });
                if (name >= 0) names.insert(tree_.field(name, "literal"));
            }
            return false;
        });
        return names;
    }

    /** A node that holds a tool's name. `must`: some call is to be made here. */
    Node calls(Node node, bool must) {
        const std::string type = tree_.type(node);
        const Nodes children = tree_.children(node);
        if (tree_.tagged(node, "tool-name")) return node;
        if (tree_.tagged(node, "tool-id")) return short_word(node);
        if (type == "choice") return choice_of_calls(children, must);
        if (type == "sequence") return row_of_calls(children, must);
        if (type == "repetition") {
            const int least = std::max(must ? 1 : 0, tree_.number(node, "min_count"));
            if (!parallel_ && least == 0) return tree_.empty();
            const int most = parallel_ ? tree_.number(node, "max_count") : 1;
            return tree_.repeat(calls(children.front(), true), least, most);
        }
        return tree_.with_children(node, {calls(children.front(), must)});
    }

    Node choice_of_calls(const Nodes & children, bool must) {
        Nodes ways, bare, framed;
        for (const Node child : children) {
            if (!holds(child, ParserTree::kToolName)) {
                if (!must && !holds(child, ParserTree::kContent | ParserTree::kReasoning)) ways.push_back(child);
                continue;
            }
            ways.push_back(child);
            if (holds(child, ParserTree::kContent)) framed.push_back(child);
            if (!holds(child, ParserTree::kContent | ParserTree::kReasoning)) bare.push_back(child);
        }
        // Prose may have words of its own around it, and a call may end reasoning: neither is for a call that must
        // come.
        Nodes out;
        for (const Node child : !bare.empty() ? bare : !framed.empty() ? framed : ways) {
            out.push_back(holds(child, ParserTree::kToolName) ? calls(child, true) : child);
        }
        return tree_.choice(out);
    }

    Node row_of_calls(const Nodes & children, bool must) {
        const bool sure = std::any_of(children.begin(), children.end(), [&](Node child) { return must_call(child); });
        bool asked = !must || sure;  // the first that can make the call makes it
        const std::set<std::string> tools = tools_of(tree_.sequence(children));
        bool reasoned = false;
        Nodes out;
        for (size_t i = 0; i < children.size(); ++i) {
            const Node child = children[i];
            if (holds(child, ParserTree::kToolName)) {
                out.push_back(calls(child, must_call(child) || !asked));
                asked = true;
            } else if (holds(child, ParserTree::kReasoning)) {
                out.push_back(reasoning(child));
                i = behind_reasoning(children, i);
                reasoned = true;
            } else if (holds(child, ParserTree::kContent)) {
                // Where words may stand, blanks may: models write them behind their reasoning.
                if (reasoned) out.push_back(tree_.space());
                reasoned = false;
            } else if (holds(child, ParserTree::kArguments) && tools.size() == 1) {
                size_t last = i;
                for (size_t j = i; j < children.size(); ++j) {
                    if (holds(children[j], ParserTree::kArguments) && !holds(children[j], ParserTree::kToolName))
                        last = j;
                }
                out.push_back(arguments({children.begin() + i, children.begin() + last + 1}, *tools.begin()));
                i = last;
            } else if (i == 0 || tree_.type(child) != "space" || !looks_ahead(children[i - 1])) {
                out.push_back(short_word(child));
            }
        }
        return tree_.sequence(out);
    }

    /** It ends where the next word stands already: no blanks before that. */
    bool looks_ahead(Node node) const {
        const Nodes & children = tree_.children(node);
        if (tree_.type(node) == "and") return true;
        if (tree_.type(node) == "sequence") return !children.empty() && looks_ahead(children.back());
        return std::any_of(children.begin(), children.end(), [&](Node child) { return looks_ahead(child); });
    }

    Node arguments(const Nodes & parts, const std::string & tool) {
        const auto schema = schemas_->find(tool);
        if (schema == schemas_->end()) return tree_.sequence(parts);
        return ArgumentGrammar(tree_, rules_, "tool-" + tool).of(parts, *schema->second.root);
    }

    /** Ids and attributes beside a call are read up to a tag; written, they must come to an end. */
    Node short_word(Node node) {
        if (tree_.type(node) == "chars" && tree_.number(node, "max_count") < 0) {
            const int least = tree_.number(node, "min_count");
            return tree_.chars(tree_.field(node, "pattern"), least, least + 2);
        }
        if (tree_.type(node) == "until") return tree_.chars("[A-Za-z0-9_.:=\" -]", 0, 24);
        if (tree_.type(node) == "string") return tree_.chars("[A-Za-z0-9_-]", 1, 12);
        if (tree_.type(node) == "rule" || tree_.type(node) == "ref") return node;
        if (tree_.type(node) == "repetition" && tree_.number(node, "max_count") != 1) return node;
        if (tree_.type(node) == "choice" && tree_.find_tag(node, "tool-id") >= 0) {
            return short_word(tree_.children(node).front());
        }
        Nodes out;
        for (const Node child : tree_.children(node)) out.push_back(short_word(child));
        return out.empty() ? node : tree_.with_children(node, out);
    }

    /** Reasoning once, and up to the end of it. */
    Node reasoning(Node node) {
        if (!reasons_) return tree_.empty();
        return reasoned(node);
    }

    Node reasoned(Node node) {
        const std::string type = tree_.type(node);
        const Nodes children = tree_.children(node);
        if (tree_.tagged(node, "reasoning")) {
            // Nothing else may end it, not even a text that stops the request.
            std::vector<std::string> ends = tree_.delimiters(node);
            const std::string end = end_of(node);
            ends.push_back(end);
            ends.insert(ends.end(), stops_.begin(), stops_.end());
            return tree_.sequence({tree_.until(ends), tree_.literal(end)});
        }
        if (type == "ac") return reasoned(children.front());
        if (type == "repetition") return tree_.repeat(reasoned(children.front()), 0, 1);
        if (type != "choice" && type != "sequence") return tree_.with_children(node, {reasoned(children.front())});
        Nodes out;
        for (size_t i = 0; i < children.size(); ++i) {
            const Node child = children[i];
            if (holds(child, ParserTree::kReasoning)) {
                // Without its opening tag no reasoning: it would be all there is.
                if (type == "sequence" && !out.empty() && is_optional_literal(out.back())) {
                    out.back() = tree_.children(out.back()).front();
                }
                out.push_back(reasoned(child));
                if (type == "sequence") i = behind_reasoning(children, i);
            } else if (!holds(child, ParserTree::kContent) && !is_stray(child)) {
                out.push_back(child);
            }
        }
        if (type == "choice") return tree_.choice(out);
        // Some prompts that close the reasoning have blanks behind it which the format does not know.
        if (!blanks_.empty() && !is_optional_literal(out.back()) && tree_.type(out.back()) != "space") {
            out.push_back(tree_.repeat(tree_.literal(blanks_), 0, 1));
        }
        return tree_.sequence(out);
    }

    std::string end_of(Node node) const {
        const std::vector<std::string> ends = tree_.delimiters(node);
        return ends.empty() ? "" : trimmed(ends.front());
    }

    bool is_optional_literal(Node node) const {
        return tree_.type(node) == "repetition" && tree_.number(node, "min_count") == 0 &&
               tree_.type(tree_.children(node).front()) == "literal";
    }

    /** The last of the parts that only close the reasoning at `at`: it is closed already. */
    size_t behind_reasoning(const Nodes & parts, size_t at) const {
        if (!tree_.tagged(parts[at], "reasoning")) return at;
        const std::string end = end_of(parts[at]);
        size_t last = at;
        for (size_t i = at + 1; i < parts.size(); ++i) {
            if (holds(parts[i], ParserTree::kContent | ParserTree::kToolName)) break;
            const bool closes = tree_.find(parts[i], [&](Node part) {
                return tree_.type(part) == "literal" && trimmed(tree_.field(part, "literal")) == end;
            }) >= 0;
            const std::string type = tree_.type(parts[i]);
            if (!closes && type != "space" && type != "epsilon" && !is_optional_literal(parts[i])) break;
            if (!closes) continue;
            last = i;
            break;
        }
        return last;
    }

    /** A node that holds the content. */
    Node content(Node node) {
        const std::string type = tree_.type(node);
        const Nodes children = tree_.children(node);
        if (tree_.tagged(node, "content")) return body_;
        if (type == "repetition") return content(children.front());
        if (type == "choice") {
            Nodes plain;
            for (const Node child : children) {
                if (holds(child, ParserTree::kContent)) plain.push_back(content(child));
            }
            return tree_.choice(plain);
        }
        if (type != "sequence") return tree_.with_children(node, {content(children.front())});
        Node last = -1;
        for (const Node child : children) {
            if (holds(child, ParserTree::kContent)) last = child;
        }
        Nodes out;
        for (size_t i = 0; i < children.size(); ++i) {
            const Node child = children[i];
            if (child == last) {
                out.push_back(content(child));
                if (i + 1 < children.size() && ends_content(children[i + 1], child)) {
                    out.push_back(tree_.children(children[++i]).front());
                }
            } else if (holds(child, ParserTree::kReasoning)) {
                out.push_back(reasoning(child));
                i = behind_reasoning(children, i);
            } else if (!holds(child, ParserTree::kContent) && !is_stray(child)) {
                out.push_back(child);
            }
        }
        return tree_.sequence(out);
    }

    /** An optional tag that ends the content: without it, what follows would be read as content too. */
    bool ends_content(Node node, Node content) const {
        if (!is_optional_literal(node)) return false;
        const std::vector<std::string> ends = tree_.delimiters(content);
        const std::string text = tree_.field(tree_.children(node).front(), "literal");
        return std::find(ends.begin(), ends.end(), text) != ends.end();
    }

    /** Optional words, several at once: what models write by mistake and the format passes over. */
    bool is_stray(Node node) const {
        if (tree_.type(node) != "repetition" || tree_.number(node, "min_count") > 0) return false;
        const Node words = tree_.children(node).front();
        if (tree_.type(words) != "sequence") return false;
        const Nodes & parts = tree_.children(words);
        return parts.size() > 1 && std::all_of(parts.begin(), parts.end(), [&](Node part) {
                   return tree_.type(part) == "literal" || is_optional_literal(part);
               });
    }

    ParserTree tree_;
    const common_grammar_builder & rules_;
    const Schemas * schemas_ = nullptr;
    Node body_ = -1;
    std::vector<std::string> stops_;
    std::string blanks_;
    bool reasons_ = true, parallel_ = true;
};

/** '' when `rewrite` gives ''. */
template <typename Rewrite>
std::string grammar_of(const common_chat_params & params, bool thinking, Rewrite rewrite) {
    bool made = false;
    const std::string out = build_grammar([&](const common_grammar_builder & rules) {
        const std::string saved = rewrite(Rewriting(params, rules, thinking), rules);
        if (saved.empty()) return;
        common_peg_arena arena;
        arena.load(saved);
        arena.build_grammar(rules, false);
        made = true;
    });
    return made ? out : "";
}

}  // namespace

ReasoningTags reasoning_tags(const common_chat_params & params) {
    ReasoningTags tags;
    tags.start = trimmed(params.thinking_start_tag);
    if (!params.thinking_end_tags.empty()) tags.end = trimmed(params.thinking_end_tags.front());
    if (tags.end.empty() && !params.parser.empty()) {
        const ParserTree tree(params.parser);
        const Node block = tree.find_tag(tree.root(), "reasoning");
        const auto ends = block < 0 ? std::vector<std::string>() : tree.delimiters(block);
        if (!ends.empty()) tags.end = trimmed(ends.front());
        tree.find(tree.root(), [&](Node at) {
            const Nodes & parts = tree.children(at);
            for (size_t i = 1; i < parts.size(); ++i) {
                if (tree.tagged(parts[i], "reasoning")) tags.start = trimmed(tree.field(parts[i - 1], "literal"));
            }
            return false;
        });
    }
    const std::string & prompt = params.generation_prompt;
    const size_t start = tags.start.empty() ? std::string::npos : prompt.rfind(tags.start);
    const size_t end = tags.end.empty() ? std::string::npos : prompt.rfind(tags.end);
    tags.opened = start != std::string::npos && (end == std::string::npos || end < start);
    return tags;
}

std::string prompt_to_read(const common_chat_params & params) {
    std::string prompt = params.generation_prompt;
    const std::string end = reasoning_tags(params).end;
    const size_t size = prompt.find_last_not_of(" \n") + 1;
    const bool closed = !end.empty() && size >= end.size() && prompt.compare(size - end.size(), end.size(), end) == 0;
    if (closed) prompt.resize(size);
    return prompt;
}

std::string forced_calls(const common_chat_params & params, const common_json & tools, bool parallel, bool thinking) {
    if (params.parser.empty()) return "";
    Schemas schemas;
    for (const common_json & tool : tools) {
        const common_json & function = tool.at("function");
        schemas.emplace(function.at("name"), common_chat_schema_from_json(common_chat_tool_parameters(function)));
    }
    return grammar_of(params, thinking, [&](Rewriting rewriting, const common_grammar_builder &) {
        return rewriting.calls(schemas, parallel);
    });
}

std::string content_of_schema(const common_chat_params & params, const std::string & json_schema, bool thinking) {
    const common_chat_schema_document schema = common_chat_schema_from_json(common_json::parse(json_schema));
    return grammar_of(params, thinking, [&](Rewriting rewriting, const common_grammar_builder & rules) {
        return rewriting.content(
            [&](ParserTree & tree) { return tree.grammar(rules.add_schema("the-answer", *schema.root)); });
    });
}

std::string content_of_grammar(const common_chat_params & params, const std::string & gbnf, bool thinking) {
    const std::string out = grammar_of(params, thinking, [&](Rewriting rewriting, const common_grammar_builder &) {
        return rewriting.content([&](ParserTree & tree) { return tree.grammar("callers-root"); });
    });
    return out.empty() ? out : out + "\n" + with_prefix(gbnf, "callers-");
}

}  // namespace banyan
