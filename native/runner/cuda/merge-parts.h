// Tokens whose keys were cut into several items: their partial results become the answer (log-sum-exp).
//
// The parts of a (token, head) are spread over kWarps warps and, within a warp, over its lanes: what all of them weigh
// is one load, and the outputs of several are on their way at the same time. A loop over the parts would wait for
// memory at each of them. Merging in the attention kernel, by the warp that writes a token's last part, saves the second
// launch but cost more than it on shared prefixes: a unit of many rows that ends last merges them one after the other
// (measured).
#pragma once

#include "runner/cuda/weights.h"

namespace banyan::cuda {

template <typename Warp>
BANYAN_DEVICE float warp_maximum(Warp & warp, PerLane<float> x) {
    for (int mask = 1; mask < kLanes; mask *= 2) {
        const PerLane<float> other = warp.shuffle_xor(x, mask);
        each_lane([&](int lane) { x[lane] = fmaxf(x[lane], other[lane]); });
    }
    float result = 0.0f;
    each_lane([&](int lane) { result = x[lane]; });
    return result;
}

template <typename Warp>
BANYAN_DEVICE float warp_sum(Warp & warp, PerLane<float> x) {
    for (int mask = 1; mask < kLanes; mask *= 2) {
        const PerLane<float> other = warp.shuffle_xor(x, mask);
        each_lane([&](int lane) { x[lane] += other[lane]; });
    }
    float result = 0.0f;
    each_lane([&](int lane) { result = x[lane]; });
    return result;
}

/** The parts of one (token, head) so far: their weights, and their outputs under the maximum, not normalised. */
template <int kDV>
class Merged {
    static constexpr int kSpans = (kDV + 4 * kLanes - 1) / (4 * kLanes);  // lane l: columns 128 * span + 4 * l
    static constexpr int kAtOnce = kDV <= 128 ? 8 : kDV <= 256 ? 4 : 2;   // parts whose outputs are read together

  public:
    BANYAN_DEVICE Merged() {
        BANYAN_UNROLL
        for (int span = 0; span < kSpans; ++span) each_lane([&](int lane) { out_[span][lane] = Four{}; });
    }

    /** Up to 32 more: lane l brings the place of one in part_sums and part_out, or -1. */
    template <typename Warp>
    BANYAN_DEVICE void add(Warp & warp, const AttentionOp & op, const PerLane<int32_t> & place, int n) {
        PerLane<float> weight, sum;
        each_lane([&](int lane) {
            const float * sums = op.part_sums + 2 * static_cast<int64_t>(place[lane]);
            weight[lane] = place[lane] >= 0 ? sums[0] : -INFINITY;
            sum[lane] = place[lane] >= 0 ? sums[1] : 0.0f;
        });
        const float maximum = fmaxf(all_.maximum, warp_maximum(warp, weight));
        if (maximum == -INFINITY) return;  // none of them saw a key
        each_lane([&](int lane) {
            weight[lane] = exp2_fast(weight[lane] - maximum);
            sum[lane] *= weight[lane];
        });
        const float factor = exp2_fast(all_.maximum - maximum);
        all_.sum = all_.sum * factor + warp_sum(warp, sum);
        all_.maximum = maximum;
        BANYAN_UNROLL
        for (int span = 0; span < kSpans; ++span) {
            each_lane([&](int lane) {
                BANYAN_UNROLL
                for (int j = 0; j < 4; ++j) out_[span][lane].x[j] *= factor;
            });
        }
        for (int i = 0; i < n; i += kAtOnce) add_outputs(warp, op, place, weight, i);
    }

    BANYAN_DEVICE const Weights & weights() const { return all_; }

    /** Columns times `scale`, to kDV numbers. */
    BANYAN_DEVICE void write(float * to, float scale) const {
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int span = 0; span < kSpans; ++span) {
                const int column = (span * kLanes + lane) * 4;
                if (column >= kDV) continue;
                Four value = out_[span][lane];
                BANYAN_UNROLL
                for (int j = 0; j < 4; ++j) value.x[j] *= scale;
                *reinterpret_cast<Four *>(to + column) = value;
            }
        });
    }

  private:
    template <typename Warp>
    BANYAN_DEVICE void add_outputs(Warp & warp, const AttentionOp & op, const PerLane<int32_t> & place,
                                   const PerLane<float> & weight, int first) {
        PerLane<int32_t> from[kAtOnce];
        PerLane<float> by[kAtOnce];
        BANYAN_UNROLL
        for (int i = 0; i < kAtOnce; ++i) {
            PerLane<int> source;
            each_lane([&](int lane) { source[lane] = first + i; });
            from[i] = warp.shuffle(place, source);
            by[i] = warp.shuffle(weight, source);
        }
        each_lane([&](int lane) {
            Four read[kAtOnce][kSpans];
            BANYAN_UNROLL
            for (int i = 0; i < kAtOnce; ++i) {
                BANYAN_UNROLL
                for (int span = 0; span < kSpans; ++span) {
                    const int column = (span * kLanes + lane) * 4;
                    const float * row = op.part_out + static_cast<int64_t>(from[i][lane]) * kDV + column;
                    const bool used = from[i][lane] >= 0 && column < kDV;
                    read[i][span] = used ? *reinterpret_cast<const Four *>(row) : Four{};
                }
            }
            BANYAN_UNROLL
            for (int i = 0; i < kAtOnce; ++i) {
                BANYAN_UNROLL
                for (int span = 0; span < kSpans; ++span) {
                    BANYAN_UNROLL
                    for (int j = 0; j < 4; ++j) out_[span][lane].x[j] += by[i][lane] * read[i][span].x[j];
                }
            }
        });
    }

    Weights all_;
    PerLane<Four> out_[kSpans];
};

/** Shared memory of a merge by several warps: what each of them found, the outputs first. */
template <int kDV, int kWarps>
BANYAN_SHARED constexpr int merge_bytes() {
    return kWarps == 1 ? 16 : kWarps * (kDV + 2) * 4;
}

/** Of the answer, for outputs under the maximum of `all`; a sink above every logit weighs them down. */
BANYAN_DEVICE float answer_scale(const AttentionOp & op, const Weights & all, int head) {
    Weights norm = all;
    if (op.sinks) norm.add_sink(op.sinks[head]);
    return norm.sum > 0.0f ? norm.of(all.maximum) / norm.sum : 0.0f;
}

/** A plan token and query head, by the kWarps warps of a block (`memory`: merge_bytes) or by one of them alone. Tokens
 * with one item were answered in place and have no parts. */
template <int kDV, int kWarps, typename Warp>
BANYAN_DEVICE void merge_parts(Warp & warp, char * memory, const AttentionOp & op, int plan_token, int head) {
    const DescriptorHeader & header = op.header();
    if (header.n_parts == 0 || plan_token >= header.n_tokens) return;
    const int32_t * bounds = op.descriptor + header.part_ptr + plan_token;
    const int32_t * parts = op.descriptor + header.part_idx + bounds[0];
    const int n = bounds[1] - bounds[0];
    if (n == 0) return;
    const int own = kWarps == 1 ? 0 : warp.index;
    Merged<kDV> merged;
    for (int first = own; first < n; first += kLanes * kWarps) {
        PerLane<int32_t> place;
        each_lane([&](int lane) {
            const int i = first + lane * kWarps;
            const int32_t part = i < n ? parts[i] : op.max_parts;
            place[lane] = part < op.max_parts ? part * op.n_head + head : -1;
        });
        const int left = (n - first + kWarps - 1) / kWarps;
        merged.add(warp, op, place, left < kLanes ? left : kLanes);
    }
    float * to = op.out + (static_cast<int64_t>(op.tokens()[plan_token].token) * op.n_head + head) * kDV;
    if constexpr (kWarps == 1) {
        merged.write(to, answer_scale(op, merged.weights(), head));
    } else {
        float * outputs = reinterpret_cast<float *>(memory);
        float * sums = outputs + kWarps * kDV;
        merged.write(outputs + own * kDV, 1.0f);
        each_lane([&](int lane) {
            if (lane == 0) sums[2 * own] = merged.weights().maximum, sums[2 * own + 1] = merged.weights().sum;
        });
        warp.sync_block();
        Weights all;
        BANYAN_UNROLL
        for (int other = 0; other < kWarps; ++other) all.add(sums[2 * other], sums[2 * other + 1]);
        const float scale = answer_scale(op, all, head);
        each_lane([&](int lane) {
            for (int column = own * kLanes + lane; column < kDV; column += kWarps * kLanes) {
                float value = 0.0f;
                BANYAN_UNROLL
                for (int other = 0; other < kWarps; ++other) {
                    value += all.of(sums[2 * other]) * outputs[other * kDV + column];
                }
                to[column] = value * scale;
            }
        });
    }
}

}  // namespace banyan::cuda
