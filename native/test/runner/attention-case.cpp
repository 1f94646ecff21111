#include "runner/attention-case.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

namespace banyan::test {

namespace {

uint16_t to_half(float f) {  // round to nearest even through the float's bits; the values here are normal
    uint32_t bits;
    std::memcpy(&bits, &f, 4);
    const uint32_t sign = bits >> 16 & 0x8000;
    const uint32_t rest = bits & 0x7FFFFFFF;
    if (rest < 0x38800000) return static_cast<uint16_t>(sign);  // below the smallest normal half
    return static_cast<uint16_t>(sign | ((rest - 0x38000000 + 0xFFF + (rest >> 13 & 1)) >> 13));
}

double from_half(uint16_t h) {
    const int exponent = h >> 10 & 31;
    const double value = exponent == 0 ? std::ldexp(h & 1023, -24) : std::ldexp((h & 1023) + 1024, exponent - 25);
    return h & 0x8000 ? -value : value;
}

int element_bytes(CellType type, int n) {
    switch (type) {
        case CellType::f32:
            return 4 * n;
        case CellType::f16:
        case CellType::bf16:
            return 2 * n;
        case CellType::q8_0:
            return n / 32 * 34;
        case CellType::q4_0:
            return n / 32 * 18;
    }
    return 0;
}

/** Stores n random values as `type` at p and what they read as in `exact`. */
void random_row(CellType type, char * p, double * exact, int n, std::mt19937 & rng) {
    std::normal_distribution<float> normal(0, 1);
    std::uniform_int_distribution<int> byte(0, 255);
    const auto put16 = [&p](uint16_t x) {
        std::memcpy(p, &x, 2);
        p += 2;
    };
    for (int i = 0; i < n;) {
        if (type == CellType::q8_0 || type == CellType::q4_0) {
            const bool q8 = type == CellType::q8_0;
            const uint16_t scale = to_half(std::fabs(normal(rng)) * (q8 ? 0.01f : 0.15f) + 0.001f);
            put16(scale);
            for (int j = 0; j < (q8 ? 32 : 16); ++j) {
                const int b = byte(rng);
                *p++ = static_cast<char>(b);
                if (q8) {
                    exact[i + j] = from_half(scale) * static_cast<int8_t>(b);
                } else {
                    exact[i + j] = from_half(scale) * ((b & 15) - 8);
                    exact[i + 16 + j] = from_half(scale) * ((b >> 4) - 8);
                }
            }
            i += 32;
            continue;
        }
        const float x = normal(rng);
        if (type == CellType::f32) {
            std::memcpy(p, &x, 4);
            p += 4;
            exact[i] = x;
        } else if (type == CellType::f16) {
            put16(to_half(x));
            exact[i] = from_half(to_half(x));
        } else {
            uint32_t bits;
            std::memcpy(&bits, &x, 4);
            put16(static_cast<uint16_t>(bits >> 16));
            bits &= 0xFFFF0000;
            float cut;
            std::memcpy(&cut, &bits, 4);
            exact[i] = cut;
        }
        ++i;
    }
}

/** The case's memory: pool, queries, block tables. Deterministic in the seed. */
struct World {
    std::vector<std::vector<PageId>> pages;  // per row
    std::vector<int> token_row, token_position;
    std::vector<char> k, v;
    std::vector<double> k_exact, v_exact;  // [cell][head][size]
    std::vector<float> q, sinks;           // q: [token][head][dk]
    int n_cells = 0;
    size_t k_head, v_head;  // bytes

    explicit World(const AttentionCase & c) {
        std::mt19937 rng(c.seed);
        const int page = c.page_tokens;
        int n_pages = 0;
        std::vector<PageId> shared;
        for (const RowSpec & row : c.rows) {
            while (static_cast<int>(shared.size()) * page < row.shared) shared.push_back(n_pages++);
        }
        for (const RowSpec & row : c.rows) {
            std::vector<PageId> list(shared.begin(), shared.begin() + row.shared / page);
            while (static_cast<int>(list.size()) * page < row.first + row.n) list.push_back(n_pages++);
            pages.push_back(list);
        }
        std::vector<PageId> order(n_pages);  // pages of a sequence lie anywhere
        for (int i = 0; i < n_pages; ++i) order[i] = i;
        std::shuffle(order.begin(), order.end(), rng);
        for (auto & list : pages) {
            for (PageId & p : list) p = order[p];
        }
        n_cells = n_pages * page;
        k_head = element_bytes(c.k_type, c.dk);
        v_head = element_bytes(c.v_type, c.dv);
        k.resize(n_cells * c.n_head_kv * k_head);
        v.resize(n_cells * c.n_head_kv * v_head);
        k_exact.resize(static_cast<size_t>(n_cells) * c.n_head_kv * c.dk);
        v_exact.resize(static_cast<size_t>(n_cells) * c.n_head_kv * c.dv);
        for (int i = 0; i < n_cells * c.n_head_kv; ++i) {
            double * v_row = v_exact.data() + static_cast<size_t>(i) * c.dv;
            double * k_row = k_exact.data() + static_cast<size_t>(i) * c.dk;
            random_row(c.k_type, k.data() + i * k_head, k_row, c.dk, rng);
            random_row(c.v_type, v.data() + i * v_head, v_row, c.dv, rng);
            if (c.v_in_k) std::copy(k_row, k_row + c.dv, v_row);
        }
        for (size_t r = 0; r < c.rows.size(); ++r) {
            for (int i = 0; i < c.rows[r].n; ++i) {
                token_row.push_back(static_cast<int>(r));
                token_position.push_back(c.rows[r].first + i);
            }
        }
        std::normal_distribution<float> normal(0, c.q_scale);
        q.resize(token_row.size() * c.n_head * c.dk);
        for (float & x : q) x = normal(rng);
        sinks.resize(c.n_head);
        for (float & x : sinks) x = normal(rng);
    }

    size_t cell(const AttentionCase & c, int row, int position) const {
        return static_cast<size_t>(pages[row][position / c.page_tokens]) * c.page_tokens + position % c.page_tokens;
    }
};

double slope(const AttentionCase & c, int head) {
    if (c.max_bias == 0) return 0;
    const int pow2 = 1 << static_cast<int>(std::floor(std::log2(c.n_head)));
    return head < pow2 ? std::pow(2.0, -c.max_bias / pow2 * (head + 1))
                       : std::pow(2.0, -c.max_bias / 2 / pow2 * (2 * (head - pow2) + 1));
}

}  // namespace

std::vector<double> reference_attention(const AttentionCase & c) {
    const World w(c);
    const double scale = 1 / std::sqrt(static_cast<float>(c.dk));
    std::vector<double> out(w.token_row.size() * c.n_head * c.dv, 0.0);
    for (size_t t = 0; t < w.token_row.size(); ++t) {
        for (int h = 0; h < c.n_head; ++h) {
            const int kv_head = h / (c.n_head / c.n_head_kv);
            const float * q = w.q.data() + (t * c.n_head + h) * c.dk;
            const int own = w.token_position[t];
            std::vector<double> s;
            std::vector<const double *> values;
            for (int p = c.window.lo(own); p <= own; ++p) {
                const size_t at = w.cell(c, w.token_row[t], p) * c.n_head_kv + kv_head;
                double x = 0;
                for (int d = 0; d < c.dk; ++d) x += q[d] * w.k_exact[at * c.dk + d];
                x *= scale;
                if (c.softcap != 0) x = c.softcap * std::tanh(x / c.softcap);
                s.push_back(x - slope(c, h) * (own - p));
                values.push_back(w.v_exact.data() + at * c.dv);
            }
            double max = *std::max_element(s.begin(), s.end());
            if (c.sinks) max = std::max<double>(max, w.sinks[h]);
            double sum = c.sinks ? std::exp(w.sinks[h] - max) : 0;
            double * o = out.data() + (t * c.n_head + h) * c.dv;
            for (size_t j = 0; j < s.size(); ++j) {
                const double p = std::exp(s[j] - max);
                sum += p;
                for (int d = 0; d < c.dv; ++d) o[d] += p * values[j][d];
            }
            for (int d = 0; d < c.dv; ++d) o[d] /= sum;
        }
    }
    return out;
}

std::vector<double> run_attention(const AttentionCase & c, const AttentionKernel & kernel) {
    const World w(c);
    std::vector<std::vector<int32_t>> tokens(c.rows.size());
    for (size_t t = 0; t < w.token_row.size(); ++t) tokens[w.token_row[t]].push_back(static_cast<int32_t>(t));
    std::vector<PlanRow> rows;
    for (size_t r = 0; r < c.rows.size(); ++r) {
        rows.push_back({w.pages[r].data(), static_cast<int32_t>(w.pages[r].size()), c.rows[r].first, tokens[r].data(),
                        c.rows[r].n});
    }
    PlanConfig config;
    config.page_tokens = c.page_tokens;
    config.gqa = c.n_head / c.n_head_kv;
    config.n_head_kv = c.n_head_kv;
    config.n_threads = c.n_threads;
    config.window = c.window;
    AttentionPlanner planner(config);
    const std::vector<int32_t> & descriptor = planner.build(rows.data(), static_cast<int32_t>(rows.size()));

    std::vector<float> out(w.token_row.size() * c.n_head * c.dv, NAN);
    AttentionArgs args{};
    args.q = reinterpret_cast<const char *>(w.q.data());
    args.q_head_stride = sizeof(float) * c.dk;
    args.q_token_stride = args.q_head_stride * c.n_head;
    args.k = {w.k.data(), c.n_head_kv * w.k_head, w.k_head, c.k_type};
    args.v = c.v_in_k ? args.k : KvView{w.v.data(), c.n_head_kv * w.v_head, w.v_head, c.v_type};
    args.out = out.data();
    args.sinks = c.sinks ? w.sinks.data() : nullptr;
    args.n_head = c.n_head;
    args.n_head_kv = c.n_head_kv;
    args.dk = c.dk;
    args.dv = c.dv;
    args.scale = 1 / std::sqrt(static_cast<float>(c.dk));
    args.softcap = c.softcap;
    args.max_bias = c.max_bias;
    args.descriptor = descriptor.data();
    std::vector<float> parts(static_cast<size_t>(planner.header().n_parts) * c.n_head * (2 + c.dv));
    args.parts = parts.data();

    // The exact size, so that the sanitizer sees a unit that writes past it.
    const size_t floats = kernel.scratch_floats(c.dk, c.dv, c.n_head_kv, planner.header().max_item_tokens * args.gqa());
    float * scratch = static_cast<float *>(std::aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64));
    for (int32_t i = 0; i < planner.header().n_items; ++i) {
        const WorkItem & item = args.items()[i];
        const bool wide = is_wide(item, args.gqa());
        for (int32_t h = 0; h < c.n_head_kv; h += wide ? 1 : c.n_head_kv) {
            kernel.unit(args, item, h, wide ? h + 1 : c.n_head_kv, scratch);
        }
    }
    if (!parts.empty()) kernel.merge(args, 0, static_cast<int64_t>(w.token_row.size()) * c.n_head, scratch);
    std::free(scratch);
    return {out.begin(), out.end()};
}

double nmse(const std::vector<double> & a, const std::vector<double> & b) {
    if (a.size() != b.size()) return INFINITY;
    double error = 0;
    double norm = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i])) return INFINITY;
        error += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return error / norm;
}

}  // namespace banyan::test
