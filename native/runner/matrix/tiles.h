// Rows of a batch as the kernels take them: quantised in blocks of 32, up to 8 rows side by side.
//
// A row's bytes do not depend on the rows beside it, only their place does. `start` is what makes up for the weights
// being stored unsigned (minus what is added to each, x the sum of the part's quants; i32), or what their minimum is
// multiplied with (types that have one: scale x that sum, f32).
#pragma once

#include "runner/matrix/layout.h"

namespace banyan {

/** Bytes of `rows` rows of `k` numbers, all tiles. */
size_t tiles_size(PanelType type, int64_t rows, int64_t k);
/** Where tile `index` begins. All but the last have kTileRows rows. */
size_t tile_offset(PanelType type, int64_t index, int64_t k);

/** Bytes that `write_tile` needs beside its output. */
size_t tile_scratch_size(int64_t k);
/** Quantises `n` rows (pointers to k floats each) as ggml does (Q8_0). `scratch`: of tile_scratch_size(k). */
void write_tile(PanelType type, const float * const * rows, int32_t n, int64_t k, uint8_t * out, void * scratch);

}  // namespace banyan
