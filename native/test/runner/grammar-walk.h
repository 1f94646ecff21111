// A random text of a grammar, character by character, whatever tokens there are.
#pragma once

#include <random>
#include <string>

#include "runner/constraints/compiled-grammar.h"

namespace banyan::test {

/**
 * Goes any way at first. After `free` characters it comes to an end of texts that may go on for ever, still choosing
 * where the grammar has words; after many more it takes the shortest way. Fails where a way leads nowhere.
 */
std::string walk(const CompiledGrammar & grammar, std::mt19937 & random, int free);

/** `text` is a whole answer of the grammar. */
bool admits(const CompiledGrammar & grammar, const std::string & text);

}  // namespace banyan::test
