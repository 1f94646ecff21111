// Answers of one attention op through ggml: ours over pages against stock llama.cpp's over the same numbers.
//   stock-answers [--cpu]     --cpu: small cases on the CPU, to try the program itself
#include <cmath>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "cuda/stock-layers.h"
#include "cuda/verdict.h"

using namespace banyan;
using namespace banyan::test;

namespace {

double nmse(const std::vector<float> & a, const std::vector<float> & b) {
    double error = 0.0, norm = 0.0;
    for (size_t i = 0; i < b.size(); ++i) {
        if (!std::isfinite(a[i])) return INFINITY;
        error += (a[i] - b[i]) * (a[i] - b[i]);
        norm += static_cast<double>(b[i]) * b[i];
    }
    return error / norm;
}

bool compare(ggml_backend_t backend, const ModelShape & model, const BatchCase & batch) {
    const int layers = layers_of(model, batch);
    StockLayers ours(StockKind::paged, backend, model, batch, layers);
    if (!ours.supported) {
        std::printf("the backend does not take the paged op\n");
        return false;
    }
    ours.compute();
    const std::vector<float> answer = ours.answer();
    bool holds = true;
    for (const StockKind kind : {StockKind::streams, StockKind::unified}) {
        if (kind == StockKind::streams && batch.shared > 0) continue;  // streams cannot share
        const std::string name = name_of(batch), against = kStockNames[static_cast<int>(kind)];
        std::printf("| %s | %s | ", name.c_str(), against.c_str());
        try {
            StockLayers stock(kind, backend, model, batch, layers);
            stock.compute();
            const double error = nmse(answer, stock.answer());
            std::printf("%.1e |\n", error);
            holds =
                verdict(1, "op through ggml, " + name + ", NMSE to " + against, error, Bound::at_most, 1e-4) && holds;
        } catch (const std::exception & e) {
            std::printf("%s |\n", e.what());
        }
    }
    return holds;
}

}  // namespace

int main(int argc, char ** argv) {
    const bool cpu = argc > 1 && !std::strcmp(argv[1], "--cpu");
    ggml_backend_dev_t device = stock_device(cpu);
    if (!device) {
        std::fprintf(stderr, "stock-answers: no GPU (--cpu tries the program on the CPU)\n");
        return 1;
    }
    const ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
    std::printf("\n## Answers of one layer's attention through ggml, 8B shape, f16 KV, %s\n\n",
                ggml_backend_dev_description(device));
    std::printf("| rows x tokens | against | NMSE |\n|---|---|---|\n");
    bool holds = true;
    for (const BatchCase & batch : stock_cases(cpu)) holds = compare(backend.get(), ModelShape{}, batch) && holds;
    return holds ? 0 : 2;
}
