#include "engine/usage.h"

namespace banyan {

Micros Usage::queue() const {
    return (admitted ? admitted : ended) - submitted;
}

Micros Usage::prefill() const {
    return first_token ? first_token - admitted : 0;
}

Micros Usage::ttft() const {
    return first_token ? first_token - submitted : 0;
}

double Usage::itl_ms() const {
    if (output_tokens < 2) return 0;
    return static_cast<double>(last_token - first_token) / 1000 / (output_tokens - 1);
}

}  // namespace banyan
