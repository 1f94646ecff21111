// The one exception of native/runner and native/engine: a code that programs test, a sentence for people.
#pragma once

#include <stdexcept>
#include <string>

namespace banyan {

/** `code` is one of src/kit/errors.ts; `field` names the option at fault, '' = none. */
struct Error : std::runtime_error {
    Error(std::string code, const std::string & message, std::string field = "")
        : std::runtime_error(message), code(std::move(code)), field(std::move(field)) {}

    /** PROMPT_TOO_LONG: so many tokens, at least, where a request may reach `limit`. `size`: the same in words. */
    static Error too_long(const std::string & size, uint64_t prompt_tokens, int32_t limit) {
        Error error("PROMPT_TOO_LONG",
                    "the prompt has " + size + ", a request may reach " + std::to_string(limit) +
                        ": shorten it, or load with a larger maxContext or kvTokens",
                    "prompt");
        error.prompt_tokens = prompt_tokens;
        error.limit = limit;
        return error;
    }

    std::string code;
    std::string field;
    uint64_t prompt_tokens = 0;  // of PROMPT_TOO_LONG; 0: unknown
    int32_t limit = 0;
};

}  // namespace banyan
