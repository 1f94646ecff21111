// Recurrent states that are saved and loaded, on every hybrid and recurrent architecture that llama.cpp's generator
// makes: what is computed after them is bit for bit what a run from the beginning computes, with the same chunk ends.
#include <cstdlib>
#include <cstring>
#include <map>

#include "check.h"
#include "llama-memory-hybrid-iswa.h"
#include "llama-memory-recurrent.h"
#include "llama.h"
#include "runner/kv/kv-caches.h"
#include "runner/kv/state-bank.h"
#include "runner/state-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

const std::vector<int32_t> kEnds = {20, 33, 48, 49, 50, 70};
constexpr int32_t kTokens = 70;

using Logits = std::vector<float>;

/** From `line.n_past` on, chunk by chunk; logits by chunk end. save: state i after chunk i. */
std::map<int32_t, Logits> run_on(StateRig & rig, Line & line, bool save) {
    std::map<int32_t, Logits> logits;
    for (size_t i = 0; i < kEnds.size(); ++i) {
        if (kEnds[i] <= line.n_past) continue;
        const auto got = rig.step({{&line, kEnds[i], save ? static_cast<StateId>(i) : kNoState}});
        if (!got.empty()) logits[kEnds[i]] = got[0];
    }
    return logits;
}

/** Other sequences, so that states lie and move in company. */
void run_others(StateRig & rig) {
    Line third = rig.line(3, tokens_of(30, 5, rig.n_vocab()));
    Line none = rig.line(0, tokens_of(30, 6, rig.n_vocab()));
    CHECK(!rig.step({{&third, 9}, {&none, 25}}).empty());
    CHECK(!rig.step({{&none, 26}, {&third, 10}}).empty());
}

void report(int line, const std::filesystem::path & path, const std::string & what) {
    fail(__FILE__, line, path.stem().string() + ": " + what);
}

/** Reads llama.cpp's state files: numbers, and rows behind their sizes. */
class StateFile {
  public:
    StateFile(Runner & runner, SlotId slot) {
        constexpr llama_state_seq_flags kFlags = LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY;
        bytes_.resize(llama_state_seq_get_size_ext(runner.context(), slot, kFlags) + 8);
        bytes_.resize(llama_state_seq_get_data_ext(runner.context(), bytes_.data(), bytes_.size(), slot, kFlags));
    }

    size_t size() const { return bytes_.size(); }
    size_t at = 0;

    uint32_t number() {
        uint32_t value = 0;
        std::memcpy(&value, take(sizeof(value)), sizeof(value));
        return value;
    }
    void row(std::vector<char> & rows) {
        uint64_t size = 0;
        std::memcpy(&size, take(sizeof(size)), sizeof(size));
        const uint8_t * bytes = take(size);
        rows.insert(rows.end(), bytes, bytes + size);
    }

  private:
    const uint8_t * take(uint64_t n) {
        at += n;
        if (at <= bytes_.size()) return bytes_.data() + at - n;
        fail(__FILE__, __LINE__, "the state file is too short");
        std::exit(1);
    }

    std::vector<uint8_t> bytes_;
};

/** The rows alone, as llama.cpp writes the recurrent part of a sequence: at the file's end, behind window layers. */
std::vector<char> rows_of_state_file(Runner & runner, SlotId slot) {
    const llama_memory_recurrent & memory = *recurrent_memory(llama_get_memory(runner.context()));
    std::vector<char> rows;
    size_t size = 5 * sizeof(uint32_t);  // cells, position, sequences, transposed, layers
    for (size_t layer = 0; layer < memory.r_l.size(); ++layer) {
        for (const ggml_tensor * tensor : {memory.r_l[layer], memory.s_l[layer]}) {
            if (tensor) size += sizeof(uint32_t) + sizeof(uint64_t) + tensor->nb[1];
        }
        if (memory.p_l[layer]) size += sizeof(uint64_t) + memory.p_l[layer]->nb[1];
    }
    StateFile file(runner, slot);
    file.at = file.size() - size;
    CHECK_EQ(file.number(), 1u);  // cells
    CHECK_EQ(file.number(), 32u);
    CHECK_EQ(file.number(), 0u);
    CHECK_EQ(file.number(), 0u);
    CHECK_EQ(file.number(), memory.r_l.size());
    for (size_t layer = 0; layer < memory.r_l.size(); ++layer) {
        if (!memory.r_l[layer]) continue;
        CHECK_EQ(file.number(), static_cast<uint32_t>(GGML_TYPE_F32));
        file.row(rows);
        if (memory.p_l[layer]) file.row(rows);
    }
    for (const ggml_tensor * s : memory.s_l) {
        if (!s) continue;
        CHECK_EQ(file.number(), static_cast<uint32_t>(GGML_TYPE_F32));
        file.row(rows);
    }
    CHECK_EQ(file.at, file.size());
    return rows;
}

}  // namespace

TEST("after a saved state a sequence goes on bit for bit as from the beginning, with 1 and 2 threads") {
    for (const auto & path : models_with_states()) {
        for (const int n_threads : {1, 2}) {
            StateRig rig(path, n_threads);
            Line cold = rig.line(1, tokens_of(kTokens, 0, rig.n_vocab()));
            const auto expected = run_on(rig, cold, true);
            CHECK_EQ(expected.size(), kEnds.size());
            CHECK(rig.runner().lost_states().empty());
            for (size_t i = 0; i + 1 < kEnds.size(); ++i) {
                if (i % 2 == 1) run_others(rig);
                Line warm = rig.fork(cold, 2, static_cast<StateId>(i), kEnds[i]);
                for (const auto & [end, logits] : run_on(rig, warm, false)) {
                    if (logits == expected.at(end)) continue;
                    report(__LINE__, path,
                           "from " + std::to_string(kEnds[i]) + " to " + std::to_string(end) + ", threads " +
                               std::to_string(n_threads));
                }
                CHECK_EQ(warm.n_past, kTokens);
            }
        }
    }
}

TEST("one state continues in two slots at once, as two sequences that read the same") {
    for (const auto & path : models_with_states()) {
        StateRig rig(path, 1);
        const auto tokens = tokens_of(40, 0, rig.n_vocab());
        auto other = tokens;
        for (size_t i = 24; i < other.size(); ++i) other[i] = 1 + other[i] % 50;
        Line a = rig.line(0, tokens), b = rig.line(1, other);
        b.pages[0] = a.pages[0];  // shared as with the forks: attention sums up in the same order
        CHECK(!rig.step({{&a, 24, 0}}).empty());
        CHECK(!rig.step({{&b, 24}}).empty());
        std::vector<std::vector<Logits>> expected;
        for (int32_t end = 25; end <= 28; ++end) expected.push_back(rig.step({{&a, end}, {&b, end}}));
        Line c = rig.fork(a, 3, 0, 24), d = rig.fork(a, 2, 0, 24);
        d.tokens = other;
        for (int32_t end = 25; end <= 28; ++end) {
            if (rig.step({{&c, end}, {&d, end}}) != expected[end - 25]) {
                report(__LINE__, path, "end " + std::to_string(end));
            }
        }
        CHECK_EQ(d.n_past, 28);
    }
}

TEST("a saved state is what llama.cpp writes of the sequence's recurrent part, byte by byte") {
    int hybrids_with_windows = 0;
    for (const auto & path : models_with_states()) {
        StateRig rig(path, 1);
        run_others(rig);
        hybrids_with_windows +=
            dynamic_cast<llama_memory_hybrid_iswa *>(llama_get_memory(rig.runner().context())) != nullptr;
        Line line = rig.line(1, tokens_of(kTokens, 0, rig.n_vocab()));
        CHECK(!rig.step({{&line, 33, 4}}).empty());
        const StateBank & bank = *rig.runner().states();
        const std::vector<char> rows = rows_of_state_file(rig.runner(), 1);
        CHECK_EQ(bank.state_bytes(), static_cast<int64_t>(rows.size()));
        CHECK_EQ(bank.state_bytes(), rig.runner().info().state_bytes);
        if (std::memcmp(rig.runner().states()->data(4), rows.data(), rows.size()) != 0) report(__LINE__, path, "bytes");
    }
    CHECK(hybrids_with_windows > 0);
}

TEST("one float of a saved state changed is seen in what is computed after it") {
    for (const auto & path : models_with_states()) {
        StateRig rig(path, 1);
        Line cold = rig.line(1, tokens_of(kTokens, 0, rig.n_vocab()));
        const auto expected = run_on(rig, cold, true);
        auto * floats = reinterpret_cast<float *>(rig.runner().states()->data(2));
        const int64_t n = rig.runner().info().state_bytes / static_cast<int64_t>(sizeof(float));
        for (const int64_t at : {int64_t{0}, n / 3, 2 * n / 3, n - 1}) {
            const float before = floats[at];
            floats[at] += 4;
            Line warm = rig.fork(cold, 2, 2, kEnds[2]);
            bool seen = false;
            for (const auto & [end, logits] : run_on(rig, warm, false)) seen = seen || logits != expected.at(end);
            if (!seen) report(__LINE__, path, "float " + std::to_string(at));
            floats[at] = before;
        }
        Line warm = rig.fork(cold, 2, 2, kEnds[2]);
        if (run_on(rig, warm, false).at(kTokens) != expected.at(kTokens)) report(__LINE__, path, "unchanged");
    }
}

TEST("the end of a request is saved at the head of the next step, though its slot goes to another one there") {
    for (const auto & path : models_with_states()) {
        StateRig rig(path, 1);
        Line cold = rig.line(1, tokens_of(kTokens, 0, rig.n_vocab()));
        const auto expected = run_on(rig, cold, false);
        Line again = rig.line(1, cold.tokens);
        for (const int32_t end : {20, 33, 48}) rig.step({{&again, end}});
        rig.save_before({1, 6, 48});
        Line warm = rig.fork(again, 1, 6, 48);  // into the very slot, in the very step
        for (const auto & [end, logits] : run_on(rig, warm, false)) {
            if (logits != expected.at(end)) report(__LINE__, path, "end " + std::to_string(end));
        }
        CHECK_EQ(warm.n_past, kTokens);
    }
}

TEST("decodes of any slots in any order are one graph") {
    for (const auto & path : models_with_states()) {
        StateRig rig(path, 1);
        std::vector<Line> lines;
        for (SlotId slot = 0; slot < 4; ++slot) lines.push_back(rig.line(slot, tokens_of(40, slot, rig.n_vocab())));
        for (Line & line : lines) CHECK(!rig.step({{&line, 20}}).empty());
        const auto operations = [&](const std::vector<int> & slots) {
            std::vector<StateRig::Part> parts;
            for (const int slot : slots) parts.push_back({&lines[slot], lines[slot].n_past + 1});
            int n = 0;
            rig.runner().listen([&] {
                ++n;
                return false;
            });
            CHECK(!rig.step(parts).empty());
            return n;
        };
        const int one = operations({2});
        CHECK(one > 10);
        for (const auto & slots : {std::vector<int>{0, 1, 2, 3}, {3, 0, 2, 1}, {3, 1}}) {
            if (operations(slots) != one) report(__LINE__, path, "more than one graph");
        }
    }
}
