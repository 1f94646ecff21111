// JSON Schema and GBNF from outside, checked before they reach the engine thread.
//
// Thread: any; no state.
#pragma once

#include <string>

class common_json;
struct llama_vocab;

namespace banyan {

/** What the recursive parsers behind may be given: 256 levels keep the deepest of them far inside a 1 MiB stack. */
constexpr int kMaxNesting = 256;

/** The GBNF of a JSON Schema. Throws Error INVALID_SCHEMA (not JSON, unsupported, nested too deeply, too large). */
std::string grammar_from_schema(const std::string & json_schema);

/** Throws Error INVALID_GRAMMAR with the parser's reason. */
void check_grammar(const llama_vocab * vocab, const std::string & gbnf);

/** Throws std::runtime_error for a schema that has a name or a reference longer than 1000 bytes. */
void check_names(const common_json & schema);

/** Deepest nesting of brackets outside strings: a bound for every recursive parser of JSON. */
int nesting_depth(const std::string & text);

}  // namespace banyan
