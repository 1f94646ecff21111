#include "runner/free-memory.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

namespace banyan {

uint64_t free_memory() {
    uint64_t available = 0;
    std::ifstream meminfo("/proc/meminfo");
    for (std::string line; std::getline(meminfo, line);) {
        unsigned long long kib = 0;
        if (std::sscanf(line.c_str(), "MemAvailable: %llu kB", &kib) == 1) available = kib * 1024;
    }
    uint64_t limit = 0, used = 0;
    std::ifstream("/sys/fs/cgroup/memory.max") >> limit;  // "max" leaves 0
    std::ifstream("/sys/fs/cgroup/memory.current") >> used;
    if (limit > 0) available = std::min(available, limit > used ? limit - used : 0);
    return available;
}

}  // namespace banyan
