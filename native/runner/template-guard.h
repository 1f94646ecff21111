// A bound on what a chat template may ask of the recursive parser behind it. Templates come inside model files.
#pragma once

#include <string>

namespace banyan {

/** Throws std::runtime_error for a template larger than 1 MiB, or nested deeper than 200 blocks or brackets. */
void check_template(const std::string & source);

}  // namespace banyan
