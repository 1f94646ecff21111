#pragma once

#include <cstdint>

namespace banyan {

/** Bytes of RAM that can still be taken without swapping (Linux: MemAvailable and the cgroup's limit); 0 = unknown. */
uint64_t free_memory();

}  // namespace banyan
