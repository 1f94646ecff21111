#include "runner/batch-shape.h"

#include <algorithm>

namespace banyan {

int32_t BatchShape::bucket(int32_t n_rows) const {
    int32_t rows = 1;
    while (rows < n_rows) rows *= 2;
    return std::min(rows, n_slots_);
}

int32_t BatchShape::rows_for(int32_t n_rows) {
    const int32_t least = bucket(n_rows);
    if (least >= rows_) {
        rows_ = least;
        smaller_ = needed_ = 0;
        return rows_;
    }
    needed_ = std::max(needed_, least);
    if (++smaller_ > kPatience) {
        rows_ = needed_;
        smaller_ = needed_ = 0;
    }
    return rows_;
}

}  // namespace banyan
