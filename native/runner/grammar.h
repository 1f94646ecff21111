// JSON Schema and GBNF from outside, checked before they reach the engine thread.
//
// Thread: any; no state.
#pragma once

#include <string>

struct llama_vocab;

namespace banyan {

/** The GBNF of a JSON Schema. Throws Error INVALID_SCHEMA (not JSON, unsupported, nested too deeply, too large). */
std::string grammar_from_schema(const std::string & json_schema);

/** Throws Error INVALID_GRAMMAR with the parser's reason. */
void check_grammar(const llama_vocab * vocab, const std::string & gbnf);

/** Deepest nesting of brackets outside strings: a bound for every recursive parser behind. */
int nesting_depth(const std::string & text);

}  // namespace banyan
