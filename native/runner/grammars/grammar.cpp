#include "runner/grammars/grammar.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <stdexcept>

#include "json-schema-to-grammar.h"
#include "llama-grammar.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"

namespace banyan {

namespace {

constexpr size_t kMaxBytes = 8 << 20;
constexpr size_t kMaxRules = 20000;  // left recursion is looked for recursively, a level a rule
constexpr size_t kMaxName = 1000;    // the converter runs regular expressions over names, which recurse once a byte

/** Deepest nesting of groups outside literals, character classes and comments. */
int group_depth(const std::string & gbnf) {
    int depth = 0, deepest = 0;
    char until = 0;  // ends the literal, class or comment; 0: in none
    for (size_t i = 0; i < gbnf.size(); ++i) {
        const char c = gbnf[i];
        if (until) {
            if (c == '\\' && until != '\n') {
                ++i;
            } else if (c == until) {
                until = 0;
            }
        } else if (c == '"' || c == '[' || c == '#') {
            until = c == '"' ? '"' : c == '[' ? ']' : '\n';
        } else if (c == '(') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ')') {
            --depth;
        }
    }
    return deepest;
}

/** Lines joined, at most 400 bytes. */
std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text.substr(0, 400);
}

/** llama.cpp's parser without its own loop, which prints the reason to stderr and keeps it from us. */
void parse_rules(const llama_vocab * vocab, const std::string & gbnf) {
    llama_grammar_parser parser(vocab);
    size_t start = 0;  // of the first rule: the parser skips blanks and comments only behind one
    while (start < gbnf.size() && (std::isspace(static_cast<unsigned char>(gbnf[start])) || gbnf[start] == '#')) {
        start = gbnf[start] == '#' ? std::min(gbnf.find('\n', start), gbnf.size()) : start + 1;
    }
    for (const char * at = gbnf.c_str() + start; *at; at = parser.parse_rule(at)) {
        if (parser.rules.size() > kMaxRules) {
            throw std::runtime_error("the grammar has more than 20000 rules, its groups and repetitions included");
        }
    }
    for (const auto & [name, id] : parser.symbol_ids) {
        if (id >= parser.rules.size() || parser.rules[id].empty()) throw std::runtime_error("undefined rule " + name);
    }
}

void check_name(const std::string & name) {
    if (name.size() <= kMaxName) return;
    throw std::runtime_error("a name is longer than 1000 bytes: " + name.substr(0, 40) + " ...");
}

// Their children may hold anything.
bool is_data(const std::string & key) {
    return key == "const" || key == "enum" || key == "default" || key == "examples";
}

/** The converter takes a pattern that it cannot express for any string, with a warning on stderr. Here it is an error.
 */
void check_patterns(const common_json & schema) {
    if (schema.is_object()) {
        if (schema.contains("pattern") && schema.at("pattern").is_string()) {
            const std::string pattern = schema.at("pattern");
            const auto grammar_of = [](const common_json & node) { return json_schema_to_grammar(node); };
            const common_json any = {{"type", "string"}};
            if (pattern.empty() || pattern.front() != '^' || pattern.back() != '$' ||
                grammar_of({{"type", "string"}, {"pattern", pattern}}) == grammar_of(any)) {
                throw std::runtime_error("pattern " + pattern +
                                         " cannot be enforced: it must start with ^, end with $ and be a plain regular "
                                         "expression");
            }
        }
        for (const auto & [key, value] : schema.items()) {
            if (!is_data(key)) check_patterns(value);
        }
    } else if (schema.is_array()) {
        for (const auto & value : schema) check_patterns(value);
    }
}

}  // namespace

int nesting_depth(const std::string & text) {
    int depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[' || c == '(')) {
            deepest = std::max(deepest, ++depth);
        } else if (!quoted && (c == '}' || c == ']' || c == ')')) {
            --depth;
        }
    }
    return deepest;
}

void check_names(const common_json & schema) {
    if (schema.is_object()) {
        for (const auto & [key, value] : schema.items()) {
            check_name(key);
            if (key == "$ref" && value.is_string()) check_name(value);
            check_names(value);
        }
    } else if (schema.is_array()) {
        for (const auto & value : schema) check_names(value);
    }
}

std::string grammar_from_schema(const std::string & json_schema) {
    const auto fail = [](const std::string & why) -> Error { return {"INVALID_SCHEMA", why, "jsonSchema"}; };
    if (json_schema.size() > kMaxBytes) throw fail("the JSON schema is larger than 8 MiB");
    if (nesting_depth(json_schema) > kMaxNesting) throw fail("the JSON schema is nested too deeply");
    backend::AssertGuard guard;
    try {
        const common_json schema = common_json::parse(json_schema);
        if (!schema.is_object()) throw fail("a JSON schema is an object");
        check_names(schema);
        check_patterns(schema);
        std::string grammar = json_schema_to_grammar(schema);
        check_grammar(nullptr, grammar);
        return grammar;
    } catch (const Error & e) {
        throw fail(e.what());
    } catch (const std::exception & e) {
        throw fail(one_line(e.what()));
    }
}

void check_grammar(const llama_vocab * vocab, const std::string & gbnf) {
    const auto fail = [](const std::string & why) -> Error { return {"INVALID_GRAMMAR", why, "grammar"}; };
    if (gbnf.size() > kMaxBytes) throw fail("the grammar is larger than 8 MiB");
    if (group_depth(gbnf) > kMaxNesting) throw fail("the grammar is nested too deeply");
    backend::LogCapture log;
    backend::AssertGuard guard;
    try {
        parse_rules(vocab, gbnf);
        const std::unique_ptr<llama_sampler, decltype(&llama_sampler_free)> sampler(
            llama_sampler_init_grammar(vocab, gbnf.c_str(), "root"), llama_sampler_free);
        if (!sampler) throw fail(one_line(log.summary("the grammar does not parse")));
    } catch (const Error &) {
        throw;
    } catch (const std::exception & e) {
        throw fail(one_line(e.what()));
    }
}

}  // namespace banyan
