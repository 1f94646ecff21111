// Products of quantised weights with rows of a batch, as plain data in, plain data out: one table entry per instruction
// set.
//
// Functions of these files have internal linkage: compiled for AVX-512 in one, they must not be merged with those of
// another. Invariant: an output is the sum of its blocks from first to last, by itself: it does not depend on the rows
// beside it, and the kernels of instruction sets agree in its bits.
#pragma once

#include "runner/matrix/layout.h"

namespace banyan {

struct MatrixKernel {
    const char * name;
    /**
     * out[row][0..15]: a tile of rows times a panel, both of so many blocks. cold: the panel is not in a cache yet, and
     * neither are those behind it, which are asked of memory meanwhile.
     */
    void (*multiply)(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks,
                     bool cold, float * const * out);
};

/** Of this name, if it runs here: vnni (AVX-512), avxvnni, avx2, portable. */
const MatrixKernel * find_matrix_kernel(const char * name);
/** The one to use; nullptr: ggml's own are better here. BANYAN_MATRIX=vnni|avxvnni|avx2|portable|ggml chooses. */
const MatrixKernel * matrix_kernel();

}  // namespace banyan
