#include "attention-problem.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "runner/cuda/numbers.h"

namespace banyan::test {

namespace {

using cuda::KvType;

/** Appends n normal numbers as `type` to `to`, and what they read as to `exact`. */
void random_row(KvType type, int n, std::mt19937 & rng, std::vector<char> & to, std::vector<float> & exact) {
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> byte(0, 255);
    const auto put = [&](uint16_t bits) {
        to.push_back(static_cast<char>(bits & 255));
        to.push_back(static_cast<char>(bits >> 8));
    };
    if (type == KvType::f16 || type == KvType::bf16) {
        for (int i = 0; i < n; ++i) {
            const float x = normal(rng);
            const uint16_t bits = type == KvType::f16 ? cuda::float_to_f16(x) : cuda::float_to_bf16(x);
            put(bits);
            exact.push_back(type == KvType::f16 ? cuda::f16_to_float(bits) : cuda::bf16_to_float(bits));
        }
        return;
    }
    for (int block = 0; block < n; block += 32) {
        const bool eight = type == KvType::q8_0;
        const uint16_t bits = cuda::float_to_f16((std::fabs(normal(rng)) + 0.5f) / (eight ? 80.0f : 5.0f));
        const float scale = cuda::f16_to_float(bits);
        put(bits);
        const size_t first = exact.size();
        exact.resize(first + 32);
        for (int i = 0; i < (eight ? 32 : 16); ++i) {
            const int x = byte(rng);
            to.push_back(static_cast<char>(x));
            if (eight) {
                exact[first + i] = scale * static_cast<int8_t>(x);
            } else {
                exact[first + i] = scale * ((x & 15) - 8);
                exact[first + i + 16] = scale * ((x >> 4) - 8);
            }
        }
    }
}

}  // namespace

int64_t row_bytes(KvType type, int n) {
    return type == KvType::q8_0 ? n / 32 * 34 : type == KvType::q4_0 ? n / 32 * 18 : n * 2;
}

Problem::Problem(const ProblemSpec & s) : spec(s) {
    std::mt19937 rng(spec.seed);
    const int page = spec.page_tokens;
    std::vector<PageId> common;
    int n_pages = 1;  // page 0 is in no block table
    for (const RowSpec & row : spec.rows) {
        while (static_cast<int>(common.size()) * page < row.shared) common.push_back(n_pages++);
    }
    const PageId scratch = spec.padding > 0 ? n_pages++ : 0;
    for (const RowSpec & row : spec.rows) {
        std::vector<PageId> list(common.begin(), common.begin() + row.shared / page);
        while (static_cast<int>(list.size()) * page < row.first + row.n) list.push_back(n_pages++);
        pages_.push_back(list);
        tokens_.emplace_back();
        for (int i = 0; i < row.n; ++i) tokens_.back().push_back(n_tokens++);
    }
    for (int i = 0; i < spec.padding; ++i) {
        spec.rows.push_back({0, 1, 0});
        pages_.push_back({scratch});
        tokens_.push_back({n_tokens++});
    }
    std::vector<PageId> order(n_pages);
    for (int i = 0; i < n_pages; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), rng);
    for (auto & list : pages_) {
        for (PageId & id : list) id = order[id];
    }
    for (auto & row : tokens_) {  // rows of a batch come in any order
        for (int32_t & token : row) token = (token * 7 + 3) % n_tokens;
    }
    if (n_tokens % 7 == 0) {
        int32_t next = 0;
        for (auto & row : tokens_) {
            for (int32_t & token : row) token = n_tokens - 1 - next++;
        }
    }

    const int64_t n_rows = static_cast<int64_t>(n_pages) * page * spec.n_head_kv;
    for (int64_t i = 0; i < n_rows; ++i) {
        random_row(spec.type, spec.dk, rng, k, k_exact_);
        if (spec.values_in_keys)
            v_exact_.insert(v_exact_.end(), k_exact_.end() - spec.dk, k_exact_.end() - spec.dk + spec.dv);
        else
            random_row(spec.type, spec.dv, rng, v, v_exact_);
    }
    std::normal_distribution<float> normal;
    q.resize(static_cast<size_t>(n_tokens) * spec.n_head * spec.dk);
    for (float & x : q) x = normal(rng) * 2.0f;
    sinks.resize(spec.n_head);
    for (float & x : sinks) x = normal(rng);

    PlanConfig config;
    config.page_tokens = page;
    config.gqa = spec.n_head / spec.n_head_kv;
    config.n_head_kv = spec.n_head_kv;
    config.window = spec.window;
    std::vector<PlanRow> rows;
    for (size_t r = 0; r < spec.rows.size(); ++r) {
        rows.push_back({pages_[r].data(), static_cast<int32_t>(pages_[r].size()), spec.rows[r].first, tokens_[r].data(),
                        spec.rows[r].n});
    }
    AttentionPlanner planner(device_plan_config(config, spec.n_processors));
    descriptor = planner.build(rows.data(), static_cast<int32_t>(rows.size()));
}

cuda::AttentionOp Problem::op() {
    cuda::AttentionOp op{};
    const int64_t k_row = row_bytes(spec.type, spec.dk);
    const int64_t v_row = row_bytes(spec.type, spec.dv);
    op.n_tokens = n_tokens;
    op.n_head = spec.n_head;
    op.n_head_kv = spec.n_head_kv;
    op.max_parts = static_cast<int32_t>(device_max_parts(n_tokens));
    out.assign(static_cast<size_t>(n_tokens) * spec.n_head * spec.dv, NAN);
    part_sums.assign(static_cast<size_t>(op.max_parts) * spec.n_head * 2, NAN);
    part_out.assign(static_cast<size_t>(op.max_parts) * spec.n_head * spec.dv, NAN);
    op.q = reinterpret_cast<const char *>(q.data());
    op.q_head_stride = spec.dk * static_cast<int64_t>(sizeof(float));
    op.q_token_stride = op.q_head_stride * spec.n_head;
    op.k = {k.data(), k_row * spec.n_head_kv, k_row};
    op.v = spec.values_in_keys ? op.k : cuda::KvSide{v.data(), v_row * spec.n_head_kv, v_row};
    op.out = out.data();
    op.part_sums = part_sums.data();
    op.part_out = part_out.data();
    op.sinks = spec.sinks ? sinks.data() : nullptr;
    op.descriptor = descriptor.data();
    op.scale = 1.0f / std::sqrt(static_cast<float>(spec.dk));
    op.softcap = spec.softcap;
    op.max_bias = spec.max_bias;
    cuda::set_alibi(op);
    return op;
}

std::vector<double> Problem::reference() const {
    const int gqa = spec.n_head / spec.n_head_kv;
    std::vector<double> result(static_cast<size_t>(n_tokens) * spec.n_head * spec.dv);
    for (size_t r = 0; r < spec.rows.size(); ++r) {
        for (int i = 0; i < spec.rows[r].n; ++i) {
            const int own = spec.rows[r].first + i;
            for (int head = 0; head < spec.n_head; ++head) {
                const float * query = q.data() + (static_cast<size_t>(tokens_[r][i]) * spec.n_head + head) * spec.dk;
                int power = 1;
                while (power * 2 <= spec.n_head) power *= 2;
                const double slope = spec.max_bias == 0.0f ? 0.0
                                     : head < power ? std::exp2(-spec.max_bias * (head + 1) / power)
                                                    : std::exp2(-spec.max_bias / 2 * (2 * (head - power) + 1) / power);
                std::vector<double> logits;
                double top = spec.sinks ? sinks[head] : -INFINITY;
                const int lo = spec.window.lo(own);
                for (int position = lo; position <= own; ++position) {
                    const float * key =
                        k_exact_.data() + (cell(static_cast<int>(r), position) * spec.n_head_kv + head / gqa) * spec.dk;
                    double x = 0.0;
                    for (int d = 0; d < spec.dk; ++d) x += static_cast<double>(query[d]) * key[d];
                    x /= std::sqrt(static_cast<double>(spec.dk));
                    if (spec.softcap != 0.0f) x = spec.softcap * std::tanh(x / spec.softcap);
                    logits.push_back(x + slope * (position - own));
                    top = std::max(top, logits.back());
                }
                double sum = spec.sinks ? std::exp(sinks[head] - top) : 0.0;
                double * to = result.data() + (static_cast<size_t>(tokens_[r][i]) * spec.n_head + head) * spec.dv;
                for (int position = lo; position <= own; ++position) {
                    const double p = std::exp(logits[position - lo] - top);
                    const float * value =
                        v_exact_.data() + (cell(static_cast<int>(r), position) * spec.n_head_kv + head / gqa) * spec.dv;
                    for (int d = 0; d < spec.dv; ++d) to[d] += p * value[d];
                    sum += p;
                }
                for (int d = 0; d < spec.dv; ++d) to[d] /= sum;
            }
        }
    }
    return result;
}

double nmse(const std::vector<float> & a, const std::vector<double> & reference) {
    double difference = 0.0;
    double norm = 0.0;
    for (size_t i = 0; i < reference.size(); ++i) {
        if (!std::isfinite(a[i])) return INFINITY;
        difference += (a[i] - reference[i]) * (a[i] - reference[i]);
        norm += reference[i] * reference[i];
    }
    return difference / norm;
}

}  // namespace banyan::test
