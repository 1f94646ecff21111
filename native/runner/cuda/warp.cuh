// The collectives of a warp on the device: matrix multiply, matrix loads, asynchronous copies, shuffles, barriers.
#pragma once

#include "runner/cuda/lane.h"
#include "runner/cuda/numbers.h"

namespace banyan::cuda {

class Warp {
  public:
    const int index = static_cast<int>(threadIdx.x) / kLanes;  // in the block

    BANYAN_DEVICE void sync_block() { __syncthreads(); }

    /** Barrier of one group of kWarps warps among the block's kGroups groups. */
    template <int kWarps, int kGroups>
    BANYAN_DEVICE void sync_group(int group) {
        if constexpr (kWarps == 1) {
            __syncwarp();
        } else if constexpr (kGroups == 1) {
            __syncthreads();
        } else {
            // Literal numbers: with a computed one the compiler reserves all 16, and fewer blocks fit a multiprocessor.
            static_assert(kGroups == 2);
            if (group == 0)
                asm volatile("bar.sync 1, %0;" ::"n"(kWarps * kLanes) : "memory");
            else
                asm volatile("bar.sync 2, %0;" ::"n"(kWarps * kLanes) : "memory");
        }
    }

    template <typename T>
    BANYAN_DEVICE PerLane<T> shuffle(const PerLane<T> & v, const PerLane<int> & from) {
        return {__shfl_sync(~0u, v.value, from.value)};
    }
    template <typename T>
    BANYAN_DEVICE PerLane<T> shuffle_xor(const PerLane<T> & v, int mask) {
        return {__shfl_xor_sync(~0u, v.value, mask)};
    }
    BANYAN_DEVICE bool any(const PerLane<bool> & v) { return __any_sync(~0u, v.value); }

    /** 16 bytes from global to shared memory; they may be read after wait_copies and a barrier. */
    BANYAN_DEVICE void copy16(int /*lane*/, char * to, const char * from) {
#ifdef BANYAN_CUDA_TURING
        *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(from);
#else
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(shared(to)), "l"(from) : "memory");
#endif
    }
    BANYAN_DEVICE void commit_copies() {
#ifndef BANYAN_CUDA_TURING
        asm volatile("cp.async.commit_group;" ::: "memory");
#endif
    }
    /** Until at most kPending of the committed groups are still on their way. */
    template <int kPending>
    BANYAN_DEVICE void wait_copies() {
#ifndef BANYAN_CUDA_TURING
        asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#endif
    }

    /** Four 8 x 8 matrices of 16-bit numbers; lane 8i + r brings the address of row r of matrix i. */
    BANYAN_DEVICE void load_matrices(PerLane<FragA> & to, const PerLane<const char *> & rows) {
        uint32_t(&x)[4] = to.value.x;
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                     : "r"(shared(rows.value))
                     : "memory");
    }
    BANYAN_DEVICE void load_transposed(PerLane<FragA> & to, const PerLane<const char *> & rows) {
        uint32_t(&x)[4] = to.value.x;
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                     : "r"(shared(rows.value))
                     : "memory");
    }

    /** c += a * b */
    template <Number kNumber>
    BANYAN_DEVICE void multiply(PerLane<FragC> & c, const PerLane<FragA> & a, const PerLane<FragB> & b) {
        float(&d)[4] = c.value.x;
        const uint32_t(&p)[4] = a.value.x;
        const uint32_t(&q)[2] = b.value.x;
#ifdef BANYAN_CUDA_TURING
        static_assert(kNumber == Number::f16, "bf16 is widened to f16 when it is loaded");
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(p[0]), "r"(p[1]), "r"(q[0]));
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(p[2]), "r"(p[3]), "r"(q[1]));
#else
        if constexpr (kNumber == Number::f16) {
            asm volatile(
                "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                : "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3]), "r"(q[0]), "r"(q[1]));
        } else {
            asm volatile(
                "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                : "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3]), "r"(q[0]), "r"(q[1]));
        }
#endif
    }

  private:
    static BANYAN_DEVICE uint32_t shared(const void * pointer) {
        return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
    }
};

}  // namespace banyan::cuda
