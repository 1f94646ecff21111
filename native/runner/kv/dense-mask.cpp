#include "runner/kv/dense-mask.h"

#include <algorithm>
#include <cmath>

#include "ggml-backend.h"
#include "ggml.h"

namespace banyan {

namespace {

template <typename T>
T number(float value);
template <>
float number(float value) {
    return value;
}
template <>
ggml_fp16_t number(float value) {
    return ggml_fp32_to_fp16(value);
}

template <typename T>
void fill(ggml_tensor * mask, const std::vector<PlanRow> & rows, const BlockTables & tables, const Window & window,
          bool alibi) {
    const int64_t n_cells = mask->ne[0];
    const T hidden = number<T>(-INFINITY);
    const T visible = number<T>(0.0f);
    T * data = static_cast<T *>(mask->data);
    std::fill(data, data + ggml_nelements(mask), hidden);
    const int32_t page_tokens = tables.page_tokens;
    for (const PlanRow & row : rows) {
        for (int32_t i = 0; i < row.n_tokens; ++i) {
            T * line = data + row.tokens[i] * n_cells;
            const int32_t hi = row.first + i + 1;
            for (int32_t p = window.lo(hi - 1); p < hi;) {
                const int32_t end = std::min(hi, (p / page_tokens + 1) * page_tokens);
                T * cell = line + static_cast<int64_t>(row.pages[p / page_tokens]) * page_tokens + p % page_tokens;
                for (; p < end; ++p) *cell++ = alibi ? number<T>(static_cast<float>(p - (hi - 1))) : visible;
            }
        }
    }
}

}  // namespace

void fill_dense_mask(ggml_tensor * mask, const std::vector<PlanRow> & rows, const BlockTables & tables,
                     const Window & window, bool alibi) {
    GGML_ASSERT(ggml_backend_buffer_is_host(mask->buffer));
    if (mask->type == GGML_TYPE_F16) {
        fill<ggml_fp16_t>(mask, rows, tables, window, alibi);
    } else {
        fill<float>(mask, rows, tables, window, alibi);
    }
}

}  // namespace banyan
