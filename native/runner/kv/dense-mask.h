// The KQ mask of the fallback: the same visibility as the descriptor, spelled out cell by cell for stock attention.
#pragma once

#include <vector>

#include "runner/kv/attention-plan.h"
#include "runner/kv/block-tables.h"

struct ggml_tensor;

namespace banyan {

/** mask: F16 or F32 [n_cells, n_tokens] in host memory; 0 (or minus the distance with alibi) where visible, else -inf.
 */
void fill_dense_mask(ggml_tensor * mask, const std::vector<PlanRow> & rows, const BlockTables & tables,
                     const Window & window, bool alibi);

}  // namespace banyan
