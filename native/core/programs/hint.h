// What a caller may tell about a program ahead of time. All optional: without hints, a request that ends with its
// program unfinished counts as a program that waits for an unknown tool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/memory/page-key.h"
#include "core/types.h"

namespace banyan {

struct Hint {
    enum class Kind : uint8_t {
        tool_started,  // tool; expected (0: as measured before). Several may run at once
        tool_ended,    // tool: its time is recorded; the program's next call is near
        human,         // the program waits for a human
        next_prefix,   // salt, tokens: the next call will begin like this, in `steps` calls of the program
        abandoned,     // salt, tokens, from: no call goes on from the end of tokens; [0, from) are still wanted
        finished       // the program has ended: its pages are the first to go
    } kind = Kind::finished;
    std::string tool;  // at most kMaxToolName bytes
    Micros expected = 0;
    Salt salt = 0;
    std::optional<PageKey> root;  // before the first page of the tokens; nullopt: no tier has them
    std::vector<Token> tokens;
    int32_t steps = 1;  // [1, kMaxHintSteps]
    int32_t from = 0;   // [0, size of tokens)
};

template <>
struct Words<Hint::Kind> {
    static constexpr auto list =
        words("tool-started", "tool-ended", "waiting-for-human", "next-prefix", "branch-abandoned", "finished");
};

constexpr size_t kMaxToolName = 256;
constexpr int32_t kMaxHintSteps = 1000;

enum class HintError : uint8_t {
    none,
    unknown_program,  // has no request so far (next_prefix and abandoned are taken all the same)
    unknown_tool,     // tool_ended for a tool that is not running
    bad_kind,
    bad_tool_name,
    bad_expected,
    bad_tokens,
    bad_steps
};

/** What is wrong with the hint itself. */
HintError validate(const Hint & hint);

}  // namespace banyan
