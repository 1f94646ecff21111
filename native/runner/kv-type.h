// The data types that K and V may have.
#pragma once

#include "ggml.h"
#include "runner/runner.h"

namespace banyan {

inline ggml_type ggml_type_of(KvType type) {
    switch (type) {
        case KvType::f32:
            return GGML_TYPE_F32;
        case KvType::bf16:
            return GGML_TYPE_BF16;
        case KvType::q8_0:
            return GGML_TYPE_Q8_0;
        case KvType::q4_0:
            return GGML_TYPE_Q4_0;
        case KvType::f16:
            break;
    }
    return GGML_TYPE_F16;
}

}  // namespace banyan
