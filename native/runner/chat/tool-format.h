// Whose format of tools and calls a chat uses: its template's, or Banyan's own where the template has none.
//
// Thread: any; no state.
#pragma once

#include <cstdint>

#include "core/words.h"

namespace banyan {

/** Asked for at load. template_only: without a format of the template's, tools are refused. */
enum class ToolFormatChoice : uint8_t { automatic, template_only };

template <>
struct Words<ToolFormatChoice> {
    static constexpr auto list = words("auto", "template");
};

/** own: the caller writes tools, calls and results into the messages (src/chat/shapes); the template sees texts. */
enum class ToolFormat : uint8_t { of_template, own, none };

template <>
struct Words<ToolFormat> {
    static constexpr auto list = words("template", "banyan", "none");
};

}  // namespace banyan
