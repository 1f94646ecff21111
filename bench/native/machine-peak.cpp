// What this machine can do at most, by the best instructions it has: bytes read from memory a second, and operations (a
// multiply and an add are two) on int8 and on bf16. Registers and tiles only, no data moves: no program computes
// faster.
//   machine-peak [threads=1]      prints one line of JSON
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 7;
constexpr long kTimes = 4 << 20;  // runs of a kernel's innermost loop in a round: some tens of milliseconds
volatile int64_t sink;            // what is computed must be seen, or compilers leave it out

/** The most units a second over some rounds, all threads together. `work` returns the units that one call was worth. */
double peak(int threads, const std::function<double(int thread)> & work) {
    double best = 0;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<std::thread> running;
        std::vector<double> units(threads);
        const auto begun = Clock::now();
        for (int t = 0; t < threads; ++t) running.emplace_back([&, t] { units[t] = work(t); });
        for (auto & thread : running) thread.join();
        const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
        double all = 0;
        for (double each : units) all += each;
        if (all / seconds > best) best = all / seconds;
    }
    return best;
}

double read_bandwidth(int threads) {
    constexpr size_t kWords = size_t(32) << 20;  // 256 MiB a thread: more than any cache
    std::vector<std::vector<uint64_t>> memory(threads, std::vector<uint64_t>(kWords, 1));
    return peak(threads, [&](int t) {
        uint64_t sums[16] = {};
        const uint64_t * words = memory[t].data();
        for (size_t i = 0; i < kWords; i += 16) {
            for (size_t j = 0; j < 16; ++j) sums[j] += words[i + j];
        }
        for (uint64_t sum : sums) sink = int64_t(sum);
        return double(kWords * sizeof(uint64_t));
    });
}

struct Kernel {
    const char * name;
    /** Runs its loop so many times and returns the operations. nullptr: this machine has no such instruction. */
    double (*run)(long times);
};

#if defined(__x86_64__)

bool has_leaf7(uint32_t subleaf, uint32_t eax_bit, uint32_t edx_bit) {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, subleaf, &a, &b, &c, &d)) return false;
    return (eax_bit == 0 || (a & eax_bit)) && (edx_bit == 0 || (d & edx_bit));
}

/** Linux lends tiles to a process that asks. */
bool may_use_tiles() {
#if defined(__linux__)
    constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
#else
    return false;
#endif
}

struct alignas(64) TileShape {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

#define TILES __attribute__((target("amx-tile,amx-int8,amx-bf16")))

/** GCC 12 takes it that eight bytes of the shape are read, and leaves the rest unwritten. */
TILES void use_tiles(const TileShape & shape) {
    asm volatile("" : : "r"(&shape) : "memory");
    _tile_loadconfig(&shape);
}

TILES double tiles_int8(long times) {
    const TileShape shape;
    use_tiles(shape);
    for (long i = 0; i < times / 16; ++i) {
        _tile_dpbssd(0, 4, 5);
        _tile_dpbssd(1, 4, 6);
        _tile_dpbssd(2, 7, 5);
        _tile_dpbssd(3, 7, 6);
    }
    _tile_release();
    return double(times / 16) * 4 * 16 * 16 * 64 * 2;
}

TILES double tiles_bf16(long times) {
    const TileShape shape;
    use_tiles(shape);
    for (long i = 0; i < times / 16; ++i) {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 6);
        _tile_dpbf16ps(2, 7, 5);
        _tile_dpbf16ps(3, 7, 6);
    }
    _tile_release();
    return double(times / 16) * 4 * 16 * 16 * 32 * 2;
}

constexpr int kChains = 12;  // independent sums: as many as cover the latency of an instruction

// Runs `add` over and over on that many sums, which are in `sums` at last. Each has a name: compilers leave an array of
// them in memory, and half of what the machine can do is measured.
#define CHAINS(Vector, add)                                                                     \
    Vector s0{}, s1{}, s2{}, s3{}, s4{}, s5{}, s6{}, s7{}, s8{}, s9{}, s10{}, s11{};            \
    for (long i = 0; i < times; ++i) {                                                          \
        s0 = add(s0), s1 = add(s1), s2 = add(s2), s3 = add(s3), s4 = add(s4), s5 = add(s5);     \
        s6 = add(s6), s7 = add(s7), s8 = add(s8), s9 = add(s9), s10 = add(s10), s11 = add(s11); \
        asm volatile("" : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4), "+v"(s5));          \
        asm volatile("" : "+v"(s6), "+v"(s7), "+v"(s8), "+v"(s9), "+v"(s10), "+v"(s11));        \
    }                                                                                           \
    const Vector sums[kChains] = {s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11}

__attribute__((target("avx512f,avx512vnni"))) double vnni_int8(long times) {
    const __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(1);
#define ADD_VNNI(sum) _mm512_dpbusd_epi32(sum, a, b)
    CHAINS(__m512i, ADD_VNNI);
    for (const auto & sum : sums) sink = _mm512_reduce_add_epi32(sum);
    return double(times) * kChains * 64 * 2;
}

__attribute__((target("avx2"))) double avx2_int8(long times) {
    const __m256i a = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
// One of the factors depends on the sum: compilers would take constant products out of the loop.
#define ADD_AVX2(sum) _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, sum), ones))
    CHAINS(__m256i, ADD_AVX2);
    for (const auto & sum : sums) sink = _mm256_extract_epi32(sum, 0);
    return double(times) * kChains * 32 * 2;
}

__attribute__((target("avx512f"))) double avx512_f32(long times) {
    const __m512 a = _mm512_set1_ps(0.5F);
#define ADD_F32_512(sum) _mm512_fmadd_ps(a, a, sum)
    CHAINS(__m512, ADD_F32_512);
    for (const auto & sum : sums) sink = int64_t(_mm512_reduce_add_ps(sum));
    return double(times) * kChains * 16 * 2;
}

__attribute__((target("avx2,fma"))) double avx2_f32(long times) {
    const __m256 a = _mm256_set1_ps(0.5F);
#define ADD_F32_256(sum) _mm256_fmadd_ps(a, a, sum)
    CHAINS(__m256, ADD_F32_256);
    for (const auto & sum : sums) sink = int64_t(_mm256_cvtss_f32(sum));
    return double(times) * kChains * 8 * 2;
}

Kernel int8_kernel() {
    constexpr uint32_t kTileInt8 = 1u << 25;
    if (has_leaf7(0, 0, kTileInt8) && may_use_tiles()) return {"AMX", tiles_int8};
    if (__builtin_cpu_supports("avx512vnni")) return {"AVX-512 VNNI", vnni_int8};
    if (__builtin_cpu_supports("avx2")) return {"AVX2", avx2_int8};
    return {"none", nullptr};
}

/** Where there is no bf16, f32 stands in: a program would convert. */
Kernel bf16_kernel() {
    constexpr uint32_t kTileBf16 = 1u << 22;
    if (has_leaf7(0, 0, kTileBf16) && may_use_tiles()) return {"AMX", tiles_bf16};
    if (__builtin_cpu_supports("avx512f")) return {"AVX-512, f32", avx512_f32};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {"AVX2, f32", avx2_f32};
    return {"none", nullptr};
}

#else

template <typename T>
double by_compiler(long times) {
    T sums[64] = {};
    T a[64];
    for (auto & each : a) each = T(1);
    for (long i = 0; i < times; ++i) {
        for (int j = 0; j < 64; ++j) sums[j] += a[j] * a[j];
        asm volatile("" ::: "memory");
    }
    for (auto & sum : sums) sink = int64_t(sum);
    return double(times) * 64 * 2;
}

Kernel int8_kernel() {
    return {"as compiled, int32", by_compiler<int32_t>};
}
Kernel bf16_kernel() {
    return {"as compiled, f32", by_compiler<float>};
}

#endif

double rate(int threads, const Kernel & kernel) {
    return kernel.run ? peak(threads, [&](int) { return kernel.run(kTimes); }) : 0;
}

}  // namespace

int main(int argc, char ** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
    if (threads < 1 || threads > 1024) {
        std::fprintf(stderr, "usage: machine-peak [threads]\n");
        return 2;
    }
    const Kernel int8 = int8_kernel(), bf16 = bf16_kernel();
    std::printf(
        "{\"threads\":%d,\"readBytes\":%.4g,\"int8Ops\":%.4g,\"int8By\":\"%s\",\"bf16Ops\":%.4g,\"bf16By\":\"%s\"}\n",
        threads, read_bandwidth(threads), rate(threads, int8), int8.name, rate(threads, bf16), bf16.name);
}
