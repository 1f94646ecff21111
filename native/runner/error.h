// The one exception of native/runner and native/engine: a code that programs test, a sentence for people.
#pragma once

#include <stdexcept>
#include <string>

namespace banyan {

/** `code` is one of src/kit/errors.ts; `field` names the option at fault, '' = none. */
struct Error : std::runtime_error {
    Error(std::string code, const std::string & message, std::string field = "")
        : std::runtime_error(message), code(std::move(code)), field(std::move(field)) {}

    std::string code;
    std::string field;
};

}  // namespace banyan
