// Bounds on what a chat template may ask of the parser and the interpreter behind it. Templates come inside model
// files.
#pragma once

#include <string>

namespace banyan {

/**
 * Throws std::runtime_error for a template that is larger than 1 MiB, does not parse, or would take parser
 * and interpreter too deep: through blocks, brackets, and operators in a row (not not ..., a + b + ..., f()()...).
 */
void check_template(const std::string & source);

/**
 * While alive on this thread, templates fail with std::runtime_error once all of them together have taken about half a
 * second, or 700 MB: a loop over range(1000000000), a text doubled sixty times. A conversation of `messages` and
 * `bytes` has more, up to fifteen seconds of CPU time and 2 GiB: some templates look back over all messages for each
 * message.
 */
class TemplateBudget {
  public:
    explicit TemplateBudget(size_t messages = 0, size_t bytes = 0);
    ~TemplateBudget();
    /** It was all used. */
    bool spent() const;
    TemplateBudget(const TemplateBudget &) = delete;
    TemplateBudget & operator=(const TemplateBudget &) = delete;
};

}  // namespace banyan
