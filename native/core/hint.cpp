// Which hints are taken.
#include "core/hint.h"

namespace banyan {

HintError validate(const Hint & hint) {
    using Kind = Hint::Kind;
    if (hint.kind > Kind::finished) return HintError::bad_kind;
    if (hint.tool.size() > kMaxToolName) return HintError::bad_tool_name;
    if (hint.expected < 0 || hint.expected > kNever) return HintError::bad_expected;
    if (hint.steps < 1 || hint.steps > kMaxHintSteps) return HintError::bad_steps;
    const bool needs_tokens = hint.kind == Kind::next_prefix || hint.kind == Kind::abandoned;
    return needs_tokens && hint.tokens.empty() ? HintError::bad_tokens : HintError::none;
}

}  // namespace banyan
