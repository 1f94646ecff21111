// The collectives of runner/cuda/warp.cuh on the CPU: a warp is one thread that walks its lanes, a block is several.
//
// Numbers round as on the device (f16 or bf16 operands, f32 sums). Of the asynchronous copies half land when they are
// issued and half when they are waited for, so a missing wait reads old data and a buffer that is refilled too early is
// overwritten; a missing barrier is a data race that ThreadSanitizer sees.
#pragma once

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "runner/cuda/lane.h"
#include "runner/cuda/numbers.h"

namespace banyan::cuda {

class Barrier {
  public:
    explicit Barrier(int n) : n_(n) {}
    void wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        const long round = round_;
        if (++arrived_ == n_) {
            arrived_ = 0;
            ++round_;
            changed_.notify_all();
        } else {
            changed_.wait(lock, [&] { return round_ != round; });
        }
    }

  private:
    const int n_;
    int arrived_ = 0;
    long round_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
};

/** What the warps of a block share. */
struct Block {
    explicit Block(int n_warps) : all(n_warps) {
        for (int width = 2; width < n_warps; width *= 2) {  // groups of 2, 4, ... warps
            for (int i = 0; i < n_warps / width; ++i) groups.emplace_back(width);
            first.push_back(static_cast<int>(groups.size()) - n_warps / width);
        }
    }
    Barrier & group(int width, int number) {
        int level = 0;
        while (2 << level < width) ++level;
        return groups[first[level] + number];
    }
    Barrier all;
    std::deque<Barrier> groups;
    std::vector<int> first;
};

class Warp {
  public:
    Warp(int number, int n_warps, Block & block) : index(number), n_warps_(n_warps), block_(block), pending_(1) {}

    const int index;

    void sync_block() { block_.all.wait(); }

    template <int kWarps, int kGroups>
    void sync_group(int group) {
        if (kWarps == 1) return;
        if (kWarps == n_warps_)
            block_.all.wait();
        else
            block_.group(kWarps, group).wait();
    }

    template <typename T>
    PerLane<T> shuffle(const PerLane<T> & v, const PerLane<int> & from) {
        PerLane<T> out;
        for (int lane = 0; lane < kLanes; ++lane) out[lane] = v[from[lane] % kLanes];
        return out;
    }
    template <typename T>
    PerLane<T> shuffle_xor(const PerLane<T> & v, int mask) {
        PerLane<T> out;
        for (int lane = 0; lane < kLanes; ++lane) out[lane] = v[lane ^ mask];
        return out;
    }
    bool any(const PerLane<bool> & v) {
        for (int lane = 0; lane < kLanes; ++lane) {
            if (v[lane]) return true;
        }
        return false;
    }

    /** Every other copy lands at once, the others as late as allowed: code must stand both. */
    void copy16(int /*lane*/, char * to, const char * from) {
        if (n_copies_++ % 2 == 1) {
            std::memcpy(to, from, 16);
        } else {
            pending_.back().push_back({to, from});
        }
    }
    void commit_copies() { pending_.emplace_back(); }
    template <int kPending>
    void wait_copies() {
        while (pending_.size() > kPending + 1) {  // the last one is not committed yet
            for (const Copy & copy : pending_.front()) std::memcpy(copy.to, copy.from, 16);
            pending_.pop_front();
        }
    }

    void load_matrices(PerLane<FragA> & to, const PerLane<const char *> & rows) {
        for (int lane = 0; lane < kLanes; ++lane) {
            for (int i = 0; i < 4; ++i) std::memcpy(&to[lane].x[i], rows[8 * i + lane / 4] + lane % 4 * 4, 4);
        }
    }
    void load_transposed(PerLane<FragA> & to, const PerLane<const char *> & rows) {
        for (int lane = 0; lane < kLanes; ++lane) {
            for (int i = 0; i < 4; ++i) {
                uint16_t pair[2];
                for (int j = 0; j < 2; ++j) {
                    std::memcpy(&pair[j], rows[8 * i + lane % 4 * 2 + j] + lane / 4 * 2, 2);
                }
                to[lane].x[i] = pair[0] | static_cast<uint32_t>(pair[1]) << 16;
            }
        }
    }

    template <Number kNumber>
    void multiply(PerLane<FragC> & c, const PerLane<FragA> & a, const PerLane<FragB> & b) {
        float rows[16][16];
        float columns[8][16];
        for (int lane = 0; lane < kLanes; ++lane) {
            const int g = lane / 4;
            const int k = lane % 4 * 2;
            for (int j = 0; j < 2; ++j) {
                rows[g][k + j] = number<kNumber>(a[lane].x[0] >> 16 * j);
                rows[g + 8][k + j] = number<kNumber>(a[lane].x[1] >> 16 * j);
                rows[g][k + 8 + j] = number<kNumber>(a[lane].x[2] >> 16 * j);
                rows[g + 8][k + 8 + j] = number<kNumber>(a[lane].x[3] >> 16 * j);
                columns[g][k + j] = number<kNumber>(b[lane].x[0] >> 16 * j);
                columns[g][k + 8 + j] = number<kNumber>(b[lane].x[1] >> 16 * j);
            }
        }
        for (int lane = 0; lane < kLanes; ++lane) {
            for (int i = 0; i < 4; ++i) {
                const float * row = rows[lane / 4 + i / 2 * 8];
                const float * column = columns[lane % 4 * 2 + i % 2];
                float sum = 0.0f;
                for (int k = 0; k < 16; ++k) sum += row[k] * column[k];
                c[lane].x[i] += sum;
            }
        }
    }

  private:
    struct Copy {
        char * to;
        const char * from;
    };

    template <Number kNumber>
    static float number(uint32_t bits) {
        if constexpr (kNumber == Number::bf16) return bf16_to_float(static_cast<uint16_t>(bits));
        static const std::vector<float> table = [] {
            std::vector<float> all(65536);
            for (int i = 0; i < 65536; ++i) all[i] = f16_to_float(static_cast<uint16_t>(i));
            return all;
        }();
        return table[bits & 0xffff];
    }

    const int n_warps_;
    Block & block_;
    std::deque<std::vector<Copy>> pending_;
    unsigned n_copies_ = 0;
};

/** fn(warp) on every warp of one block, at the same time. */
inline void run_block(int n_warps, const std::function<void(Warp &)> & fn) {
    Block block(n_warps);
    std::vector<std::thread> threads;
    for (int i = 0; i < n_warps; ++i) {
        threads.emplace_back([&, i] {
            Warp warp(i, n_warps, block);
            fn(warp);
        });
    }
    for (std::thread & thread : threads) thread.join();
}

}  // namespace banyan::cuda
