// Attention on a CUDA device, without a model and without cuBLAS: decode and prefill against the memory's
// bandwidth, and the host's part of a replayed step. Data is made on the device.
//   attention-bench [--repeats 20]
#include <algorithm>
#include <chrono>
#include <cstring>

#include "device-pool.cuh"
#include "cuda/verdict.h"

using namespace banyan;
using namespace banyan::bench;
using namespace banyan::test;

namespace {

/** Median milliseconds of fn's work on the stream. */
template <typename Fn>
double time_ms(cudaStream_t stream, int repeats, Fn fn) {
    cudaEvent_t start, stop;
    MUST(cudaEventCreate(&start));
    MUST(cudaEventCreate(&stop));
    std::vector<double> times;
    for (int i = -3; i < repeats; ++i) {
        MUST(cudaEventRecord(start, stream));
        fn();
        MUST(cudaEventRecord(stop, stream));
        MUST(cudaEventSynchronize(stop));
        float ms = 0.0f;
        MUST(cudaEventElapsedTime(&ms, start, stop));
        if (i >= 0) times.push_back(ms);
    }
    MUST(cudaEventDestroy(start));
    MUST(cudaEventDestroy(stop));
    return median(times);
}

/** Bytes a second that a large copy moves, reads and writes counted. */
double copy_bandwidth(int repeats) {
    constexpr size_t kBytes = size_t{2} << 30;
    DeviceArray<char> from(kBytes), to(kBytes);
    fill_random_f16<<<2048, 256>>>(reinterpret_cast<uint16_t *>(from.data), kBytes / 2, 7);
    const double ms = time_ms(nullptr, repeats, [&] {
        MUST(cudaMemcpyAsync(to.data, from.data, kBytes, cudaMemcpyDeviceToDevice, nullptr));
    });
    return 2.0 * kBytes / ms * 1e3;
}

/** Bytes a second that the memory can move by its clock and width; 0 where the driver does not tell. */
double memory_bandwidth() {
    int khz = 0, bits = 0;
    cudaDeviceGetAttribute(&khz, cudaDevAttrMemoryClockRate, 0);
    cudaDeviceGetAttribute(&bits, cudaDevAttrGlobalMemoryBusWidth, 0);
    cudaGetLastError();
    return 2.0 * khz * 1e3 * bits / 8;  // two transfers a clock
}

/** Layers with memory of their own, so that a layer's pages are not in the L2 cache when their turn comes again. */
int pools_for(const ModelShape & model, const BatchCase & batch, int l2_bytes) {
    const double bytes = 2.0 * model.cell_bytes() * kPageTokens * BatchTables(batch).n_pages;
    return static_cast<int>(std::clamp(4.0 * l2_bytes / bytes + 1.0, 2.0, static_cast<double>(model.layers)));
}

void decode_table(const ModelShape & model, double bandwidth, int l2_bytes, int repeats) {
    std::printf("\n## Decode, 8B shape, f16 KV, page %d: attention of one layer\n\n", kPageTokens);
    std::printf(
        "| batch x context | shared | us | unique KV GB/s | of memory bandwidth | shared/unshared | items | parts |\n");
    std::printf("|---|---|---|---|---|---|---|---|\n");
    const int cases[][2] = {{8, 2048}, {32, 1024}, {1, 8192}, {8, 8192}, {32, 4096}, {64, 4096}};
    for (const auto & c : cases) {
        double unshared = 0.0;
        for (const int percent : {0, 75}) {
            const BatchCase batch{c[0], c[1], c[1] * percent / 100};
            const int pools = pools_for(model, batch, l2_bytes);
            StepAttention step(model, batch, pools, pools);
            const double us = time_ms(step.stream, repeats, [&] { step.replay(); }) * 1e3 / pools;
            const double bytes =
                2.0 * model.cell_bytes() *
                (static_cast<double>(batch.shared) + static_cast<double>(c[0]) * (c[1] - batch.shared));
            if (percent == 0) unshared = us;
            std::printf("| %d x %d | %d%% | %.1f | %.0f | %.2f | %.2f | %d | %d |\n", c[0], c[1], percent, us,
                        bytes / us * 1e-3, bytes / us * 1e6 / bandwidth, us / unshared, step.header().n_items,
                        step.header().n_parts);
            const std::string name = std::to_string(c[0]) + " x " + std::to_string(c[1]);
            if (percent == 0 && c[0] * c[1] >= 8 * 2048) {
                verdict(3, "attention, decode " + name + ", of memory bandwidth", bytes / us * 1e6 / bandwidth,
                        Bound::at_least, 0.70);
            }
            if (percent == 75 && c[0] == 64) {
                verdict(3, "attention, decode " + name + ", 75% shared / unshared", us / unshared, Bound::at_most,
                        0.45);
            }
        }
    }
}

void prefill(const ModelShape & model, int repeats) {
    const BatchCase batch{1, 16384 + 2048, 0, 2048};
    StepAttention step(model, batch, 2, 2);
    const double ms = time_ms(step.stream, repeats, [&] { step.replay(); }) / 2;
    const double keys = 16384.0 + (2048.0 + 1.0) / 2.0;
    const double flops = 4.0 * 2048.0 * keys * model.n_head * model.head;
    std::printf("\n## Prefill, chunk of 2,048 on a cached prefix of 16,384: attention of one layer\n\n");
    std::printf("%.3f ms, %.0f TFLOP/s\n", ms, flops / ms * 1e-9);
}

void replay_host_time(const ModelShape & model, int repeats) {
    StepAttention step(model, {32, 4096, 3072}, 4, model.layers);
    std::vector<double> all, launch;
    for (int i = -3; i < repeats; ++i) {
        MUST(cudaStreamSynchronize(step.stream));
        const auto start = std::chrono::steady_clock::now();
        step.step();
        const auto stop = std::chrono::steady_clock::now();
        MUST(cudaStreamSynchronize(step.stream));
        const auto again = std::chrono::steady_clock::now();
        step.replay();
        const auto end = std::chrono::steady_clock::now();
        if (i < 0) continue;
        all.push_back(std::chrono::duration<double, std::micro>(stop - start).count());
        launch.push_back(std::chrono::duration<double, std::micro>(end - again).count());
    }
    std::printf("\n## Host time of a decode step's attention, batch 32, %d layers, replayed graph\n\n", model.layers);
    std::printf("plan + descriptor upload + launch %.0f us, of which launch %.0f us\n", median(all), median(launch));
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 20;
    for (int i = 1; i + 1 < argc; ++i) {
        if (!std::strcmp(argv[i], "--repeats")) repeats = std::max(1, std::atoi(argv[i + 1]));
    }
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::fprintf(stderr, "attention-bench: no CUDA device\n");
        return 1;
    }
    cudaDeviceProp device;
    MUST(cudaGetDeviceProperties(&device, 0));
    const ModelShape model;
    const double copied = copy_bandwidth(repeats), bandwidth = std::max(copied, memory_bandwidth());
    std::printf("# Paged attention on %s (compute capability %d.%d, %d multiprocessors)\n\n", device.name, device.major,
                device.minor, device.multiProcessorCount);
    std::printf("command: attention-bench --repeats %d\nmemory bandwidth: %.0f GB/s, a large copy moves %.0f\n",
                repeats, bandwidth * 1e-9, copied * 1e-9);
    decode_table(model, bandwidth, device.l2CacheSize, repeats);
    prefill(model, repeats);
    replay_host_time(model, repeats);
    return 0;
}
