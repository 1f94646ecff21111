// One attention op through ggml, ours over pages or stock llama.cpp's over the same numbers. Stock streams: every
// sequence's keys contiguous. Stock unified: one pool and a dense mask.
#pragma once

#include <string>
#include <vector>

#include "cuda/batch-tables.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml.h"
#include "runner/attention/paged-attention.h"

namespace banyan::test {

enum class StockKind { paged, streams, unified };
constexpr const char * kStockNames[] = {"paged", "stock streams", "stock unified"};

/**
 * A few layers' attention, each over a pool of its own, as one ggml graph. Pages lie in order: streams read the same.
 * Throws std::runtime_error when memory is short.
 */
class StockLayers {
  public:
    StockLayers(StockKind kind, ggml_backend_t backend, const ModelShape & model, const BatchCase & batch, int layers);

    void compute() { ggml_backend_graph_compute(backend_, graph_); }
    int layers() const { return static_cast<int>(outs_.size()); }

    /** [token][head][number] of the last layer; a stream is a sequence, so the order is the same for all kinds. */
    std::vector<float> answer() const;

    bool supported = false;  // the backend takes the op

  private:
    ggml_tensor * make_mask(const BatchCase & batch, int64_t n_cells);
    void fill(const BatchCase & batch);
    void fill_mask(const BatchCase & batch);

    StockKind kind_;
    ggml_backend_t backend_;
    BatchTables tables_;
    AttentionPlanner planner_;
    PagedAttention attention_;
    ggml_context_ptr context_;
    ggml_backend_buffer_ptr buffer_;
    ggml_tensor * q_ = nullptr;
    ggml_tensor * mask_ = nullptr;
    ggml_cgraph * graph_ = nullptr;
    std::vector<ggml_tensor *> pools_, outs_;
};

/** Layers of a graph whose pools are more than any cache holds. */
int layers_of(const ModelShape & model, const BatchCase & batch);

/** The device, or with `cpu` the CPU; nullptr without one. */
ggml_backend_dev_t stock_device(bool cpu);

/** What the answers are compared and timed on: of the 8B shape on a device, small ones on the CPU. */
std::vector<BatchCase> stock_cases(bool cpu);

std::string name_of(const BatchCase & c);

}  // namespace banyan::test
