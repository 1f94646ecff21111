#include "runner/grammar.h"

#include <algorithm>
#include <memory>

#include "json-schema-to-grammar.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"

namespace banyan {

namespace {

// The parsers recurse once a level; 256 levels keep the deepest of them far inside a 1 MiB stack.
constexpr int kMaxNesting = 256;
constexpr size_t kMaxBytes = 1 << 20;

std::string first_line(const std::string & text) { return text.substr(0, std::min(text.find('\n'), size_t(400))); }

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

std::string grammar_from_schema(const std::string & json_schema) {
    const auto fail = [](const std::string & why) -> Error { return {"INVALID_SCHEMA", why, "jsonSchema"}; };
    if (json_schema.size() > kMaxBytes) throw fail("the JSON schema is larger than 1 MiB");
    if (nesting_depth(json_schema) > kMaxNesting) throw fail("the JSON schema is nested too deeply");
    backend::AssertGuard guard;
    try {
        const common_json schema = common_json::parse(json_schema);
        if (!schema.is_object()) throw fail("a JSON schema is an object");
        return json_schema_to_grammar(schema);
    } catch (const Error &) {
        throw;
    } catch (const std::exception & e) {
        throw fail(first_line(e.what()));
    }
}

void check_grammar(const llama_vocab * vocab, const std::string & gbnf) {
    const auto fail = [](const std::string & why) -> Error { return {"INVALID_GRAMMAR", why, "grammar"}; };
    if (gbnf.size() > 8 * kMaxBytes) throw fail("the grammar is larger than 8 MiB");
    if (nesting_depth(gbnf) > kMaxNesting) throw fail("the grammar is nested too deeply");
    backend::LogCapture log;
    backend::AssertGuard guard;
    try {
        const std::unique_ptr<llama_sampler, decltype(&llama_sampler_free)> sampler(
            llama_sampler_init_grammar(vocab, gbnf.c_str(), "root"), llama_sampler_free);
        if (!sampler) throw fail(first_line(log.summary("the grammar does not parse")));
    } catch (const Error &) {
        throw;
    } catch (const std::exception & e) {
        throw fail(first_line(e.what()));
    }
}

}  // namespace banyan
