// Times of one attention op through ggml: ours over pages against stock llama.cpp's over the same numbers, whose
// answers native/test/cuda/stock-answers compares.
//   stock-attention [--repeats 20] [--cpu]     --cpu: small cases on the CPU, to try the program itself
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "cuda/stock-layers.h"
#include "cuda/verdict.h"

using namespace banyan;
using namespace banyan::test;

namespace {

double ms_a_layer(StockLayers & layers, ggml_backend_t backend, int repeats) {
    std::vector<double> times;
    for (int i = -3; i < repeats; ++i) {
        ggml_backend_synchronize(backend);
        const auto start = std::chrono::steady_clock::now();
        layers.compute();
        const auto stop = std::chrono::steady_clock::now();
        if (i >= 0) times.push_back(std::chrono::duration<double, std::milli>(stop - start).count());
    }
    return median(times) / layers.layers();
}

bool compare(ggml_backend_t backend, const ModelShape & model, const BatchCase & batch, int repeats) {
    const int layers = layers_of(model, batch);
    StockLayers ours(StockKind::paged, backend, model, batch, layers);
    if (!ours.supported) {
        std::printf("the backend does not take the paged op\n");
        return false;
    }
    const double ms = ms_a_layer(ours, backend, repeats);
    for (const StockKind kind : {StockKind::streams, StockKind::unified}) {
        if (kind == StockKind::streams && batch.shared > 0) continue;  // streams cannot share
        std::printf("| %s | %s | ", name_of(batch).c_str(), kStockNames[static_cast<int>(kind)]);
        try {
            StockLayers stock(kind, backend, model, batch, layers);
            const double theirs = ms_a_layer(stock, backend, repeats);
            std::printf("%.4f | %.4f | %.2fx |\n", ms, theirs, theirs / ms);
            if (batch.n_new > 1 && kind == StockKind::streams) {
                verdict(3, "attention, " + name_of(batch) + ", stock contiguous / paged", theirs / ms, Bound::at_least,
                        0.95);
            }
        } catch (const std::exception & e) {
            std::printf("- | - | %s |\n", e.what());
        }
    }
    return true;
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 20;
    bool cpu = false;
    for (int i = 1; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--cpu")) cpu = true;
        if (!std::strcmp(argv[i], "--repeats") && i + 1 < argc) repeats = std::max(1, std::atoi(argv[++i]));
    }
    ggml_backend_dev_t device = stock_device(cpu);
    if (!device) {
        std::fprintf(stderr, "stock-attention: no GPU (--cpu tries the program on the CPU)\n");
        return 1;
    }
    const ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
    std::printf("\n## Attention of one layer through ggml, 8B shape, f16 KV, %s\n\n",
                ggml_backend_dev_description(device));
    std::printf("command: stock-attention --repeats %d%s\n\n", repeats, cpu ? " --cpu" : "");
    std::printf("| rows x tokens | against | paged ms | stock ms | stock/paged |\n|---|---|---|---|---|\n");
    bool holds = true;
    for (const BatchCase & batch : stock_cases(cpu))
        holds = compare(backend.get(), ModelShape{}, batch, repeats) && holds;
    return holds ? 0 : 2;
}
