#include "sim/device-model.h"

#include <algorithm>
#include <vector>

namespace banyan::sim {

namespace {

/** Of the linear layers: all rows at once, or with recurrent layers as many tokens of each as the shortest has left. */
int64_t linear_time(const DeviceModel & device, const Batch & batch) {
    if (device.state_ns == 0) return std::max(device.weights_ns, batch.n_tokens * device.token_ns);
    std::vector<int64_t> lengths;
    for (const BatchRow & row : batch.rows) lengths.push_back(row.n_tokens);
    std::sort(lengths.begin(), lengths.end());
    int64_t time = 0, done = 0;
    for (size_t i = 0; i < lengths.size(); ++i) {
        if (lengths[i] == done) continue;
        const auto rows = static_cast<int64_t>(lengths.size() - i);
        time += std::max(device.weights_ns, (lengths[i] - done) * rows * device.token_ns);
        done = lengths[i];
    }
    return time;
}

}  // namespace

Micros step_time(const DeviceModel & device, const Batch & batch) {
    int64_t attention_ps = 0, sampled = 0;
    for (const BatchRow & row : batch.rows) {
        const int64_t n = row.n_tokens, past = row.n_past;
        const int64_t pairs = n * past + n * (n + 1) / 2;
        attention_ps += std::max(pairs * device.pair_ps, (past + n) * device.read_ps);
        sampled += row.sample;
    }
    const auto copies = static_cast<int64_t>(batch.saves_before.size() + batch.loads.size() + batch.saves_after.size());
    const int64_t linear = linear_time(device, batch) + copies * device.state_ns;
    const int64_t total = device.step_ns + linear + attention_ps / 1000 + sampled * device.row_ns;
    return std::max<Micros>(1, (total + 999) / 1000);
}

}  // namespace banyan::sim
