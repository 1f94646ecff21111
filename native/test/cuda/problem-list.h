// The case list of the CUDA kernels: head sizes, cache types, groups, batches, windows and the extras of the models.
#pragma once

#include "attention-problem.h"

namespace banyan::test {

/** A prefill in the middle of a shared prefix, decodes with and without it, a draft of five to verify. */
inline std::vector<RowSpec> mixed_rows() {
    return {{128, 40, 128}, {130, 1, 128}, {140, 1, 128}, {129, 5, 128}, {0, 37, 0}, {64, 1, 64}, {300, 1, 0}};
}

inline std::vector<ProblemSpec> problem_list() {
    std::vector<ProblemSpec> list;
    const auto add = [&list](const std::string & name, auto change) {
        ProblemSpec spec;
        spec.rows = mixed_rows();
        change(spec);
        spec.name = name;
        spec.seed = static_cast<unsigned>(list.size() + 1);
        list.push_back(spec);
    };
    for (const cuda::KvType type : {cuda::KvType::f16, cuda::KvType::bf16, cuda::KvType::q8_0, cuda::KvType::q4_0}) {
        static const char * names[] = {"f16", "bf16", "q8_0", "q4_0"};
        const std::string suffix = std::string(" ") + names[static_cast<int>(type)];
        for (const int size : {64, 80, 96, 112, 128, 192, 256}) {
            if (row_bytes(type, 32) != 64 && size % 32 != 0) continue;
            add("head " + std::to_string(size) + suffix, [&](ProblemSpec & s) { s.dk = s.dv = size, s.type = type; });
        }
        add("head 192/128" + suffix, [&](ProblemSpec & s) { s.dk = 192, s.type = type; });
        add("MLA 576/512" + suffix, [&](ProblemSpec & s) {
            s.dk = 576, s.dv = 512, s.n_head = 16, s.n_head_kv = 1, s.values_in_keys = true, s.type = type;
            s.rows = {{64, 9, 64}, {80, 1, 64}, {100, 1, 0}};
        });
    }
    for (const int gqa : {1, 2, 3, 5, 7, 8, 16, 71}) {
        add("gqa " + std::to_string(gqa), [&](ProblemSpec & s) { s.dk = s.dv = 64, s.n_head = 2 * gqa; });
    }
    for (const int page : {8, 16, 24, 64}) {
        add("page " + std::to_string(page), [&](ProblemSpec & s) {
            s.dk = s.dv = 64, s.page_tokens = page;
            for (RowSpec & row : s.rows) row.shared = row.shared / page * page;
        });
    }
    using Kind = Window::Kind;
    for (const Window window : {Window{Kind::sliding, 50}, Window{Kind::chunked, 48}, Window{Kind::symmetric, 64}}) {
        add("window " + std::to_string(static_cast<int>(window.kind)),
            [&](ProblemSpec & s) { s.dk = s.dv = 64, s.window = window; });
    }
    add("softcap", [](ProblemSpec & s) { s.softcap = 3.0f; });
    add("sinks", [](ProblemSpec & s) { s.dk = s.dv = 64, s.sinks = true; });
    add("ALiBi", [](ProblemSpec & s) { s.dk = s.dv = 64, s.max_bias = 8.0f, s.n_head = 6; });
    add("softcap, sinks, ALiBi, window", [](ProblemSpec & s) {
        s.softcap = 5.0f, s.sinks = true, s.max_bias = 4.0f, s.window = Window{Kind::sliding, 33};
    });
    add("decodes padded to a bucket", [](ProblemSpec & s) {
        s.rows = {{500, 1, 128}, {90, 1, 64}, {33, 1, 0}, {200, 1, 128}, {64, 1, 64}}, s.padding = 3;
    });
    add("padding beside splits, with a window and sinks", [](ProblemSpec & s) {
        s.dk = s.dv = 64, s.rows = {{1500, 1, 0}, {31, 1, 0}}, s.padding = 6, s.n_processors = 40, s.sinks = true;
        s.window = Window{Kind::sliding, 700};
    });
    add("splits of one long sequence", [](ProblemSpec & s) { s.rows = {{2100, 1, 0}}, s.n_processors = 40; });
    add("splits under a shared prefix", [](ProblemSpec & s) {
        s.rows = {{1024, 1, 1024}, {1100, 2, 1024}, {1030, 1, 1024}}, s.n_processors = 40, s.sinks = true;
    });
    return list;
}

}  // namespace banyan::test
