#include "sim/device-model.h"

#include <algorithm>

namespace banyan::sim {

Micros step_time(const DeviceModel & device, const Batch & batch) {
    int64_t attention_ps = 0, sampled = 0;
    for (const BatchRow & row : batch.rows) {
        const int64_t n = row.n_tokens, past = row.n_past;
        const int64_t pairs = n * past + n * (n + 1) / 2;
        attention_ps += std::max(pairs * device.pair_ps, (past + n) * device.read_ps);
        sampled += row.sample;
    }
    const int64_t linear = std::max(device.weights_ns, batch.n_tokens * device.token_ns);
    const int64_t total = device.step_ns + linear + attention_ps / 1000 + sampled * device.row_ns;
    return std::max<Micros>(1, (total + 999) / 1000);
}

}  // namespace banyan::sim
