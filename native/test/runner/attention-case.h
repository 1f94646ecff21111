// A random paged attention problem, its answer in double precision, and a driver for the kernels without ggml.
#pragma once

#include <string>
#include <vector>

#include "runner/attention/kernel.h"
#include "runner/kv/attention-plan.h"

namespace banyan::test {

/** Positions [0, first + n) of a sequence, of which the last n are queries. `shared` tokens come from a common prefix.
 */
struct RowSpec {
    int first;
    int n;
    int shared;  // multiple of the page size
};

struct AttentionCase {
    std::string name;
    int dk = 64, dv = 64, n_head = 4, n_head_kv = 2;
    std::vector<RowSpec> rows;
    CellType k_type = CellType::f16, v_type = CellType::f16;
    bool v_in_k = false;  // MLA: V is the first dv elements of K
    float softcap = 0, max_bias = 0, q_scale = 1;
    bool sinks = false;
    Window window;
    int page_tokens = 32;
    int n_threads = 1;
    unsigned seed = 1;
};

/** [n_tokens][n_head][dv] */
std::vector<double> reference_attention(const AttentionCase & c);
std::vector<double> run_attention(const AttentionCase & c, const AttentionKernel & kernel);

double nmse(const std::vector<double> & a, const std::vector<double> & b);

}  // namespace banyan::test
