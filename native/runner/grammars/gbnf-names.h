// Names of rules in a GBNF grammar that came from outside.
//
// Thread: any; no state.
#pragma once

#include <string>

namespace banyan {

/** The same grammar, each of its rules named with `prefix` before it, so that it can stand beside another. */
std::string with_prefix(const std::string & gbnf, const std::string & prefix);

}  // namespace banyan
