// Every kernel that runs here against double-precision attention, over head sizes, GQA groups, types and masks.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "runner/attention-case.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** Runs the case on every kernel of this machine and checks the normalised error. */
void check_case(const AttentionCase & c, double limit) {
    const std::vector<double> expected = reference_attention(c);
    for (const char * name : {"portable", "avx2", "avx512", "neon"}) {
        const AttentionKernel * kernel = find_attention_kernel(name);
        if (!kernel) continue;
        const double error = nmse(run_attention(c, *kernel), expected);
        if (!(error < limit)) fail(__FILE__, __LINE__, c.name + " on " + name + ": nmse " + std::to_string(error));
    }
}

AttentionCase decode(const std::string & name, int dk, int dv, int n_head, int n_head_kv) {
    AttentionCase c;
    c.name = name;
    c.dk = dk;
    c.dv = dv;
    c.n_head = n_head;
    c.n_head_kv = n_head_kv;
    c.rows = {{150, 1, 0}, {97, 1, 64}, {33, 1, 0}};
    return c;
}

AttentionCase mixed(const std::string & name) {
    AttentionCase c = decode(name, 64, 64, 4, 2);
    c.rows = {{200, 40, 128}, {130, 1, 128}, {0, 70, 0}, {129, 5, 128}, {64, 1, 64}};
    return c;
}

}  // namespace

TEST("head sizes of the supported architectures, narrow and wide") {
    for (const int size : {16, 24, 32, 40, 64, 72, 80, 96, 112, 128, 192, 256}) {
        check_case(decode("head " + std::to_string(size), size, size, 4, 2), 1e-10);
        AttentionCase wide = mixed("wide head " + std::to_string(size));
        wide.dk = wide.dv = size;
        check_case(wide, 1e-10);
    }
    check_case(decode("K 192 V 128", 192, 128, 4, 4), 1e-10);
}

TEST("MLA: one KV head for all query heads, V inside K") {
    AttentionCase c = decode("mla 576/512", 576, 512, 16, 1);
    c.v_in_k = true;
    check_case(c, 1e-10);
    c.n_head = 128;  // more query rows a token than a block aims for
    c.rows = {{70, 2, 64}, {80, 1, 64}};
    check_case(c, 1e-10);
}

TEST("every GQA group") {
    for (const int gqa : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 100}) {
        check_case(decode("gqa " + std::to_string(gqa), 32, 32, 2 * gqa, 2), 1e-10);
    }
}

TEST("cache types, narrow and wide, each with its own rounding only") {
    for (const CellType type : {CellType::f32, CellType::f16, CellType::bf16, CellType::q8_0, CellType::q4_0}) {
        for (AttentionCase c : {decode("decode", 64, 96, 4, 2), mixed("mixed")}) {
            c.k_type = c.v_type = type;
            c.name += " type " + std::to_string(static_cast<int>(type));
            check_case(c, 1e-10);
        }
    }
}

TEST("softcap, ALiBi, sinks") {
    for (AttentionCase c : {decode("decode", 64, 64, 6, 3), mixed("mixed")}) {
        c.softcap = 5;
        check_case(c, 1e-9);
        c.softcap = 0;
        c.max_bias = 8;
        check_case(c, 1e-10);
        c.sinks = true;
        check_case(c, 1e-10);
    }
}

TEST("sliding, chunked and symmetric windows") {
    for (const Window window :
         {Window{Window::Kind::sliding, 50}, Window{Window::Kind::chunked, 48}, Window{Window::Kind::symmetric, 64}}) {
        for (AttentionCase c : {decode("decode", 32, 32, 4, 2), mixed("mixed")}) {
            c.window = window;
            check_case(c, 1e-10);
        }
    }
}

TEST("split over many threads: partial results merge") {
    for (AttentionCase c : {decode("decode", 64, 64, 4, 2), mixed("mixed")}) {
        c.rows[0].first = 3000;
        c.n_threads = 8;
        c.sinks = true;
        check_case(c, 1e-10);
    }
}

TEST("scores far apart neither overflow nor vanish") {
    AttentionCase c = mixed("large");
    c.q_scale = 200;
    check_case(c, 1e-8);
}

TEST("a kernel is chosen, and an unknown name is not") {
    CHECK(find_attention_kernel("portable") != nullptr);
    CHECK(find_attention_kernel("sse9") == nullptr);
    CHECK(attention_kernel().unit != nullptr);
}
