// Which hints are taken.
#include "core/programs/hint.h"

namespace banyan {

HintError validate(const Hint & hint) {
    using Kind = Hint::Kind;
    if (hint.kind > Kind::finished) return HintError::bad_kind;
    if (hint.tool.size() > kMaxToolName) return HintError::bad_tool_name;
    if (hint.expected < 0 || hint.expected > kNever) return HintError::bad_expected;
    if (hint.steps < 1 || hint.steps > kMaxHintSteps) return HintError::bad_steps;
    const bool needs_tokens = hint.kind == Kind::next_prefix || hint.kind == Kind::abandoned;
    if (!needs_tokens) return HintError::none;
    const bool sound = !hint.tokens.empty() && hint.from >= 0 && static_cast<size_t>(hint.from) < hint.tokens.size();
    return sound ? HintError::none : HintError::bad_tokens;
}

}  // namespace banyan
