// The layout of packed weights (see packed-weights.h), and what is packed.
#pragma once

#include <cstdint>
#include <optional>

#include "runner/matrix/layout.h"

struct ggml_tensor;

namespace banyan {

/** Empty: these weights are not packed, for their type or shape (columns that are no multiple of 16). Experts are one
 * matrix behind another. */
std::optional<PanelType> panel_type(const ggml_tensor * weights);

/** Bytes of one panel of `k` numbers a column. */
size_t panel_bytes(PanelType type, int64_t k);

/** `data`: n columns of k numbers, as ggml has them. `out`: n / 16 panels. */
void pack_panels(PanelType type, const void * data, int64_t n, int64_t k, uint8_t * out);

}  // namespace banyan
