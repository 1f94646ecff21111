// Which memory asks for huge pages: all of weights, what a pool holds beyond its first 2 MiB a layer and side.
#include "runner/huge-pages.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "check.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml-cpu/traits.h"
#include "llama-kv-cache.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/kv/copy-pages.h"
#include "runner/kv/kv-caches.h"
#include "runner/model.h"
#include "runner/runner.h"

using namespace banyan;
using namespace banyan::test;

namespace {

std::atomic<bool> never{false};

/** True if huge pages were asked for at this address. */
bool asked_for(const void * address) {
    const auto at = reinterpret_cast<uintptr_t>(address);
    std::ifstream maps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        unsigned long long begin = 0, end = 0;
        if (std::sscanf(line.c_str(), "%llx-%llx ", &begin, &end) == 2) inside = begin <= at && at < end;
        if (!inside || line.rfind("VmFlags:", 0) != 0) continue;
        std::istringstream flags(line);
        for (std::string flag; flags >> flag;) {
            if (flag == "hg") return true;
        }
    }
    return false;
}

/** False on a system that has none: another one than Linux, or one built without. */
bool has_huge_pages() {
    bool has = false;
#ifdef MADV_HUGEPAGE
    void * memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    has = madvise(memory, 4096, MADV_HUGEPAGE) == 0;
    munmap(memory, 4096);
#endif
    if (!has) std::printf("skipped: this system has no huge pages\n");
    return has;
}

}  // namespace

TEST("what fits whole huge pages asks for them, what lies around them does not") {
    if (!has_huge_pages()) return;
    constexpr size_t kSize = 5 * kHugePage;
    char * memory =
        static_cast<char *>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char * aligned = memory + (kHugePage - reinterpret_cast<uintptr_t>(memory) % kHugePage) % kHugePage;
    ask_for_huge_pages(aligned + 4096, 3 * kHugePage);
    CHECK(!asked_for(aligned + 4096));
    CHECK(asked_for(aligned + kHugePage));
    CHECK(asked_for(aligned + 3 * kHugePage - 1));
    CHECK(!asked_for(aligned + 3 * kHugePage));
    ask_for_huge_pages(aligned + 4096, kHugePage);  // holds no whole one
    CHECK(!asked_for(aligned + 4096));
    munmap(memory, kSize);
}

TEST("weights in orders of their own ask for huge pages") {
    backend::init();
    if (!has_huge_pages()) return;
    for (const ggml_backend_buffer_type_t type : ggml_backend_cpu_get_extra_buffer_types()) {
        const ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(type, 4 * kHugePage));
        CHECK(asked_for(static_cast<char *>(ggml_backend_buffer_get_base(buffer.get())) + 2 * kHugePage));
    }
}

TEST("a pool asks for huge pages beyond the first of each layer and side") {
    if (!has_huge_pages()) return;
    const char * dir = std::getenv("BANYAN_TEST_MODELS");
    const auto model = Model::load((std::filesystem::path(dir) / "llama-dense.gguf").string(), {0}, {}, never);
    RunnerOptions options;
    options.threads = 1;
    options.kv_tokens = 262144;
    options.page_tokens = 16;
    const Runner runner(model, options, never);
    for (const ggml_tensor * storage : storages_of(attention_caches(llama_get_memory(runner.context())))) {
        CHECK(ggml_nbytes(storage) >= 4 * kHugePage);
        const auto * data = static_cast<const char *>(storage->data);
        CHECK(!asked_for(data + kHugePage / 2));
        CHECK(asked_for(data + ggml_nbytes(storage) - 2 * kHugePage));
    }
}
