#include "runner/cuda/device-plan.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr int32_t kBlocksPerProcessor = 2;
constexpr int32_t kTileRows = 64;  // query rows of the kernels' widest tile

}  // namespace

PlanConfig device_plan_config(PlanConfig base, int32_t n_processors) {
    base.n_threads = std::max(2, n_processors * kBlocksPerProcessor);
    base.units_per_thread = 1;  // a unit costs several microseconds before its first key: as few as fill the device
    base.block_rows = std::max(kTileRows, base.gqa);
    base.narrow_rows = 0;  // every item is one unit a KV head
    base.few_tokens = 0;
    base.nearest_split = true;
    base.min_split = 64;  // a tile of the kernels
    base.least_rows = 32;  // below this many rows a unit takes as long as its pages take to read
    base.max_parts = device_max_parts;
    return base;
}

}  // namespace banyan
