// The device kernels' own source, run on the CPU lane by lane, against double precision.
#include "attention-problem.h"
#include "check.h"
#include "problem-list.h"
#include "runner/cuda/attend.h"
#include "runner/cuda/merge-parts.h"
#include "warp-emulation.h"

using namespace banyan;
using namespace banyan::cuda;
using namespace banyan::test;

namespace {

constexpr int kBlocks = 3;  // of the persistent grid: several units each

template <class Shape, KvType kType>
void launch(const AttentionOp & op) {
    for (int block = 0; block < kBlocks; ++block) {
        // Exactly the memory a launch asks for, so that the address sanitizer sees what lies outside; NaN everywhere.
        std::vector<char> memory(Shape::kBytes + 16, static_cast<char>(0xff));
        char * aligned = memory.data() + (16 - reinterpret_cast<uintptr_t>(memory.data()) % 16) % 16;
        run_block(Shape::kWarps, [&](Warp & warp) { attend<Shape, kType>(warp, aligned, op, block, kBlocks); });
    }
    // By a warp each and by a block each, as launches of many and of few tokens do.
    constexpr int kMergeWarps = 4;
    std::vector<char> memory(merge_bytes<Shape::kDV, kMergeWarps>() + 16, static_cast<char>(0xff));
    char * aligned = memory.data() + (16 - reinterpret_cast<uintptr_t>(memory.data()) % 16) % 16;
    for (int token = 0; token < op.n_tokens; ++token) {
        for (int head = 0; head < op.n_head; ++head) {
            if ((token + head) % 2 == 0) {
                run_block(1, [&](Warp & warp) { merge_parts<Shape::kDV, 1>(warp, aligned, op, token, head); });
            } else {
                run_block(kMergeWarps,
                          [&](Warp & warp) { merge_parts<Shape::kDV, kMergeWarps>(warp, aligned, op, token, head); });
            }
        }
    }
}

/** NMSE that the rounding of queries and probabilities to 16 bits leaves. */
double limit(KvType type) {
    return type == KvType::bf16 ? 3e-5 : 1e-6;
}

/** Runs the list's problems of this cache type and head size; at least one. */
template <class Shape, KvType kType>
void check(const char * family) {
    int n = 0;
    for (const ProblemSpec & spec : problem_list()) {
        if (spec.type != kType || spec.dk != Shape::kDK || spec.dv != Shape::kDV) continue;
        Problem problem(spec);
        launch<Shape, kType>(problem.op());
        const double error = nmse(problem.out, problem.reference());
        if (!(error < limit(kType))) {
            fail(__FILE__, __LINE__, std::string(family) + ", " + spec.name + ": nmse " + std::to_string(error));
        }
        ++n;
    }
    CHECK(n > 0);
}

}  // namespace

TEST("f16, large shapes of every head size: groups, pages, windows, softcap, sinks, ALiBi, splits") {
    check<LargeShape<64, 64>, KvType::f16>("large");
    check<LargeShape<80, 80>, KvType::f16>("large");
    check<LargeShape<96, 96>, KvType::f16>("large");
    check<LargeShape<112, 112>, KvType::f16>("large");
    check<LargeShape<128, 128>, KvType::f16>("large");
    check<LargeShape<192, 128>, KvType::f16>("large");
    check<LargeShape<192, 192>, KvType::f16>("large");
    check<LargeShape<256, 256>, KvType::f16>("large");
}

TEST("one stage of memory: compact shapes") {
    check<CompactShape<64, 64>, KvType::f16>("compact");
    check<CompactShape<128, 128>, KvType::f16>("compact");
    check<CompactShape<256, 256>, KvType::f16>("compact");
}

TEST("two warps: small shapes") {
    check<SmallShape<192, 192>, KvType::f16>("small");
    check<SmallShape<256, 256>, KvType::f16>("small");
}

TEST("bf16, q8_0 and q4_0 caches") {
    check<LargeShape<128, 128>, KvType::bf16>("large");
    check<LargeShape<64, 64>, KvType::q8_0>("large");
    check<CompactShape<128, 128>, KvType::q8_0>("compact");
    check<LargeShape<96, 96>, KvType::q4_0>("large");
    check<CompactShape<128, 128>, KvType::q4_0>("compact");
}

TEST("MLA: values are the front of the keys, output columns are sliced over warps") {
    check<LargeShape<576, 512>, KvType::f16>("large");
    check<LargeShape<576, 512>, KvType::bf16>("large");
    check<CompactShape<576, 512>, KvType::f16>("compact");
    check<CompactShape<576, 512>, KvType::q8_0>("compact");
}

TEST("the emulation is not blind: a copy read before it was waited for, and a wrong answer, are seen") {
    char memory[16] = {0};
    const char data[16] = {1};
    run_block(1, [&](Warp & warp) {
        warp.copy16(0, memory, data);
        warp.commit_copies();
        warp.wait_copies<1>();
        CHECK_EQ(static_cast<int>(memory[0]), 0);
        warp.wait_copies<0>();
        CHECK_EQ(static_cast<int>(memory[0]), 1);
    });
    Problem problem(problem_list().front());
    launch<LargeShape<64, 64>, KvType::f16>(problem.op());
    problem.out[problem.out.size() / 2] += 1.0f;
    CHECK(nmse(problem.out, problem.reference()) > 1e-6);
}
