// How fast the CPU kernels read memory: decoding attention over pages that lie anywhere, products of packed weights; in
// small and in huge pages, by turns, beside a read of the same memory in order.
//
//   kernel-bench [--repeats 9]
//
// One thread. 64 MiB each, so that no cache holds them. Numbers are random; only time is measured.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "runner/attention/kernel.h"
#include "runner/huge-pages.h"
#include "runner/kv/attention-plan.h"
#include "runner/matrix/kernels/kernel.h"

using namespace banyan;

namespace {

constexpr size_t kBytes = size_t{64} << 20;
constexpr size_t kSlack = 64 << 10;  // kernels ask memory for what lies behind the end

/** Of random bytes that are small numbers in f16, and small weights. */
class Memory {
  public:
    explicit Memory(bool huge) {
        data_ = static_cast<uint8_t *>(
            mmap(nullptr, kBytes + kSlack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (data_ == MAP_FAILED) std::abort();
#ifdef __linux__
        if (!huge) madvise(data_, kBytes + kSlack, MADV_NOHUGEPAGE);
#endif
        if (huge) ask_for_huge_pages(data_, kBytes);
        std::mt19937 random(1);
        auto * halves = reinterpret_cast<uint16_t *>(data_);
        for (size_t i = 0; i < (kBytes + kSlack) / 2; ++i) halves[i] = 0x3000 + (random() & 0x83ff);
    }
    Memory(const Memory &) = delete;
    ~Memory() {
        munmap(data_, kBytes + kSlack);
    }

    const uint8_t * data() const {
        return data_;
    }

  private:
    uint8_t * data_;
};

/** Reads `bytes` of the memory. */
struct Work {
    std::string kernel, what;
    int rows;
    size_t bytes;
    std::function<void(const uint8_t *)> run;
};

/** One token of one sequence, layer by layer: `heads` KV heads of `size`, two query heads each, f16, pages of 16
 * tokens. */
Work attention(const AttentionKernel & kernel, int32_t heads, int32_t size) {
    constexpr int32_t kPage = 16, kCells = 4096, kGqa = 2;
    const size_t cell = sizeof(uint16_t) * static_cast<size_t>(heads) * static_cast<size_t>(size);
    const size_t side = kCells * cell;
    const size_t layers = kBytes / (2 * side);

    std::vector<PageId> pages(kCells / kPage);
    for (size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<PageId>(i);
    std::shuffle(pages.begin(), pages.end(), std::mt19937(1));
    const int32_t token = 0;
    PlanConfig plan;
    plan.page_tokens = kPage;
    plan.gqa = kGqa;
    plan.n_head_kv = heads;
    plan.min_split = kCells;  // one item
    const PlanRow row{pages.data(), static_cast<int32_t>(pages.size()), kCells - 1, &token, 1};
    const std::vector<int32_t> descriptor = AttentionPlanner(plan).build(&row, 1);

    const auto floats = static_cast<size_t>(heads * kGqa * size);
    const auto scratch = static_cast<size_t>(kernel.scratch_floats(size, size, heads, kGqa));
    const auto run = [=, &kernel](const uint8_t * memory) {
        static std::vector<float> q, out, work;
        q.assign(floats, 0.5f);
        out.resize(floats);
        work.resize(scratch + 16);
        AttentionArgs args{};
        args.q = reinterpret_cast<const char *>(q.data());
        args.q_token_stride = floats * sizeof(float);
        args.q_head_stride = static_cast<size_t>(size) * sizeof(float);
        args.out = out.data();
        args.n_head = heads * kGqa;
        args.n_head_kv = heads;
        args.dk = args.dv = size;
        args.scale = 0.1f;
        args.descriptor = descriptor.data();
        for (size_t layer = 0; layer < layers; ++layer) {
            const auto * k = reinterpret_cast<const char *>(memory) + 2 * layer * side;
            args.k = {k, cell, cell / static_cast<size_t>(heads), CellType::f16};
            args.v = {k + side, cell, cell / static_cast<size_t>(heads), CellType::f16};
            kernel.unit(args, args.items()[0], 0, heads, work.data());
        }
    };
    const std::string shape = std::to_string(heads) + " heads of " + std::to_string(size);
    return {kernel.name, "decoding, " + shape, 1, layers * 2 * side, run};
}

/** Rows of 768 numbers times all of the memory's panels. */
Work product(const MatrixKernel & kernel, PanelType type, const char * name, int32_t rows) {
    constexpr int32_t kBlocks = 24;
    const size_t panel = group_bytes(type) * static_cast<size_t>(kBlocks / group_blocks(type));
    const size_t n = kBytes / panel;
    const auto run = [=, &kernel](const uint8_t * memory) {
        static std::vector<uint8_t> tile;
        static std::vector<float> out;
        tile.assign(tile_bytes(type, rows) * kBlocks, 0);
        out.resize(static_cast<size_t>(rows) * kPanelColumns);
        float * at[kTileRows];
        for (int32_t r = 0; r < rows; ++r) at[r] = &out[static_cast<size_t>(r) * kPanelColumns];
        for (size_t p = 0; p < n; ++p) {
            kernel.multiply(type, memory + p * panel, tile.data(), rows, kBlocks, true, at);
        }
    };
    return {kernel.name, std::string("product, ") + name, rows, n * panel, run};
}

Work in_order() {
    const auto run = [](const uint8_t * memory) {
        uint64_t sums[8] = {};
        for (size_t i = 0; i < kBytes; i += sizeof(sums)) {
            uint64_t line[8];
            std::memcpy(line, memory + i, sizeof(line));
            for (int j = 0; j < 8; ++j) sums[j] += line[j];
        }
        static volatile uint64_t sink;
        for (const uint64_t sum : sums) sink = sink + sum;
    };
    return {"-", "read in order", 1, kBytes, run};
}

std::vector<Work> works() {
    std::vector<Work> all = {in_order()};
    for (const char * name : {"avx512", "avx2", "neon"}) {
        const AttentionKernel * kernel = find_attention_kernel(name);
        if (!kernel) continue;
        all.push_back(attention(*kernel, 5, 64));
        all.push_back(attention(*kernel, 8, 128));
    }
    for (const char * name : {"vnni", "avx2"}) {
        const MatrixKernel * kernel = find_matrix_kernel(name);
        if (!kernel) continue;
        for (const int32_t rows : {1, 2, 4, 8}) all.push_back(product(*kernel, PanelType::q8_0, "Q8_0", rows));
        for (const int32_t rows : {1, 8}) all.push_back(product(*kernel, PanelType::q4_1, "Q4_1", rows));
        for (const int32_t rows : {1, 8}) all.push_back(product(*kernel, PanelType::q6_K, "Q6_K", rows));
    }
    return all;
}

double gb_per_second(const Work & work, const Memory & memory) {
    const auto begin = std::chrono::steady_clock::now();
    work.run(memory.data());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return static_cast<double>(work.bytes) / seconds.count() / 1e9;
}

double median(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return x[x.size() / 2];
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 9;
    if (argc == 3 && std::string(argv[1]) == "--repeats") repeats = std::atoi(argv[2]);
    if ((argc != 1 && argc != 3) || repeats < 1) {
        std::fprintf(stderr, "usage: %s [--repeats 9]\n", argv[0]);
        return 1;
    }
    const Memory small(false), huge(true);
    const std::vector<Work> all = works();
    std::vector<std::vector<double>> in_small(all.size()), in_huge(all.size());
    for (int i = 0; i < repeats; ++i) {
        for (size_t w = 0; w < all.size(); ++w) {
            in_small[w].push_back(gb_per_second(all[w], small));
            in_huge[w].push_back(gb_per_second(all[w], huge));
        }
    }
    std::printf("| kernel | what | rows | GB/s | with huge pages | x |\n|---|---|---|---|---|---|\n");
    for (size_t w = 0; w < all.size(); ++w) {
        const double pages = median(in_small[w]), large = median(in_huge[w]);
        std::printf("| %s | %s | %d | %.1f | %.1f | %.2fx |\n", all[w].kernel.c_str(), all[w].what.c_str(), all[w].rows,
                    pages, large, large / pages);
    }
    return 0;
}
