// Rows of K or V in each of the types a cache may have, read as vectors of floats.
// Included once per instruction set, by its simd-*.cpp.
#pragma once

#include <cstring>

#include "runner/attention/kernel.h"

namespace banyan {
namespace {

using V = Simd::V;
constexpr int kWidth = Simd::kWidth;

constexpr int round_up(int n, int step) {
    return (n + step - 1) / step * step;
}
template <typename T>
constexpr T smaller(T a, T b) {
    return a < b ? a : b;
}
template <typename T>
constexpr T larger(T a, T b) {
    return a > b ? a : b;
}

/** Elements [d, d + n) of a plain row, zeros after them; n < kWidth. */
template <typename T>
struct Tail {
    T values[kWidth] = {};
    Tail(const char * row, int d, int n) { std::memcpy(values, row + d * sizeof(T), n * sizeof(T)); }
};

// load(row, d): elements [d, d + kWidth), d a multiple of kWidth. tail: the same for a head size that does not fill it.

struct RowsF32 {
    static V load(const char * row, int d) { return Simd::load(reinterpret_cast<const float *>(row) + d); }
    static V tail(const char * row, int d, int n) { return Simd::load(Tail<float>(row, d, n).values); }
    static constexpr size_t kBytes = 4 * kWidth;  // of a vector
};

struct RowsF16 {
    static V load(const char * row, int d) { return Simd::load_f16(row + d * 2); }
    static V tail(const char * row, int d, int n) { return Simd::load_f16(Tail<uint16_t>(row, d, n).values); }
    static constexpr size_t kBytes = 2 * kWidth;
};

struct RowsBf16 {
    static V load(const char * row, int d) { return Simd::load_bf16(row + d * 2); }
    static V tail(const char * row, int d, int n) { return Simd::load_bf16(Tail<uint16_t>(row, d, n).values); }
    static constexpr size_t kBytes = 2 * kWidth;
};

// Cells lie apart, page by page: the processor does not foresee them. So much of them is asked of memory before it is
// read: less, and memory's latency is not hidden; more, and the nearest cache loses it again.
constexpr int kBytesAhead = 16384;
constexpr int kCellsAhead = 24;  // at most

/** Cells ahead, of so many bytes each. */
inline int cells_ahead(size_t bytes) {
    const int cells = static_cast<int>(kBytesAhead / larger<size_t>(bytes, 1));
    return larger(4, smaller(cells, kCellsAhead));
}

constexpr int kQuantBlock = 32;  // elements that share a scale; head sizes of quantised caches are multiples of it

inline V block_scale(const char * block) {
    uint16_t d;
    std::memcpy(&d, block, sizeof(d));
    return Simd::set1(Simd::half(d));
}

/** Blocks of {f16 scale, int8 x 32}. */
struct RowsQ8 {
    static V load(const char * row, int d) {
        const char * block = row + d / kQuantBlock * 34;
        return Simd::mul(block_scale(block), Simd::load_i8(block + 2 + d % kQuantBlock));
    }
    static V tail(const char *, int, int) { return Simd::zero(); }
    static constexpr size_t kBytes = kWidth;
};

/** Blocks of {f16 scale, 16 bytes: elements 0..15 in the low nibbles, 16..31 in the high ones}, values minus 8. */
struct RowsQ4 {
    static V load(const char * row, int d) {
        const char * block = row + d / kQuantBlock * 18;
        const int i = d % kQuantBlock;
        const auto * nibbles = reinterpret_cast<const uint8_t *>(block + 2) + i % 16;
        return Simd::mul(block_scale(block), Simd::load_q4(nibbles, i >= 16));
    }
    static V tail(const char *, int, int) { return Simd::zero(); }
    static constexpr size_t kBytes = kWidth / 2;
};

/** fn(reader) for the type: one switch for a tile, none inside its loops. */
template <typename Fn>
void with_rows(CellType type, Fn fn) {
    switch (type) {
        case CellType::f32:
            fn(RowsF32());
            break;
        case CellType::f16:
            fn(RowsF16());
            break;
        case CellType::bf16:
            fn(RowsBf16());
            break;
        case CellType::q8_0:
            fn(RowsQ8());
            break;
        case CellType::q4_0:
            fn(RowsQ4());
            break;
    }
}

/** Bytes of the first d elements of a row. */
template <typename Rows>
constexpr size_t bytes_of(int d) {
    return static_cast<size_t>(d / kWidth) * Rows::kBytes;
}

/**
 * out[j * stride + d] = rows[j][d] for n rows of `size` floats; a row's last vector is filled up with zeros.
 * rows: [n + kCellsAhead], what comes next behind them.
 */
template <typename Rows>
void expand_rows(float * out, int stride, const char * const * rows, int n, int size) {
    const int full = size / kWidth * kWidth;
    for (int j = 0; j < n; ++j) {
        const char * row = rows[j];
        const char * ahead = rows[j + kCellsAhead];
        for (size_t c = 0; c < bytes_of<Rows>(size); c += 64) Simd::prefetch(ahead + c);
        float * line = out + j * stride;
        for (int d = 0; d < full; d += kWidth) Simd::store(line + d, Rows::load(row, d));
        if (full < size) Simd::store(line + full, Rows::tail(row, full, size - full));
    }
}

}  // namespace
}  // namespace banyan
