// A random paged attention problem: a pool in any cache type, sequences that share pages, queries, and the answer in
// double precision. No ggml, no CUDA: the emulation, the device test and the benchmark use the same ones.
#pragma once

#include <string>
#include <vector>

#include "runner/cuda/attention-args.h"
#include "runner/cuda/device-plan.h"

namespace banyan::test {

/** Positions [0, first + n) of a sequence whose last n are queries; the first `shared` come from the common prefix. */
struct RowSpec {
    int first, n, shared;
};

struct ProblemSpec {
    std::string name;
    int dk = 128, dv = 128, n_head = 8, n_head_kv = 2;
    cuda::KvType type = cuda::KvType::f16;
    bool values_in_keys = false;  // MLA
    std::vector<RowSpec> rows = {{70, 1, 0}};
    int padding = 0;  // rows behind them without a request: one token each, all in the first cell of one page
    int page_tokens = 32;
    Window window;
    float softcap = 0.0f, max_bias = 0.0f;
    bool sinks = false;
    int n_processors = 4;  // to plan for
    unsigned seed = 1;
};

class Problem {
  public:
    explicit Problem(const ProblemSpec & spec);

    /** The op over this problem's host memory; out and parts are poisoned with NaN. */
    cuda::AttentionOp op();
    /** [n_tokens][n_head][dv] */
    std::vector<double> reference() const;
    const DescriptorHeader & header() const { return *reinterpret_cast<const DescriptorHeader *>(descriptor.data()); }

    ProblemSpec spec;
    int n_tokens = 0;
    std::vector<char> k, v;       // [cell][KV head] rows of the cache type
    std::vector<float> q, sinks;  // [token][head][dk], [head]
    std::vector<int32_t> descriptor;
    std::vector<float> out, part_sums, part_out;

  private:
    int64_t cell(int row, int position) const {
        return static_cast<int64_t>(pages_[row][position / spec.page_tokens]) * spec.page_tokens +
               position % spec.page_tokens;
    }

    std::vector<std::vector<PageId>> pages_;    // per row
    std::vector<std::vector<int32_t>> tokens_;  // per row: its queries' rows in q
    std::vector<float> k_exact_, v_exact_;      // what the pool's rows read as
};

/** Bytes of a row of n numbers. */
int64_t row_bytes(cuda::KvType type, int n);
/** Sum of squared differences over the reference's sum of squares; infinite when anything is not finite. */
double nmse(const std::vector<float> & a, const std::vector<double> & reference);

}  // namespace banyan::test
