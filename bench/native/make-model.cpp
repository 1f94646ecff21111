// Writes a GGUF with random Q8_0 weights in the shape of Qwen3-0.6B, for benchmarks that need a real size, not sense.
//   make-model <out.gguf> [n_layers=28] [n_vocab=151936]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "ggml.h"
#include "gguf.h"

namespace {

constexpr int64_t kEmbd = 1024;
constexpr int64_t kHeads = 16;
constexpr int64_t kHeadsKv = 8;
constexpr int64_t kHeadSize = 128;
constexpr int64_t kFeedForward = 3072;

class Writer {
  public:
    Writer() : gguf_(gguf_init_empty()), ctx_(ggml_init({size_t(2) << 30, nullptr, false})) {}
    ~Writer() {
        gguf_free(gguf_);
        ggml_free(ctx_);
    }

    gguf_context * gguf() { return gguf_; }

    /** [n_rows][n_columns] of normal numbers with the given deviation, quantised to Q8_0. */
    void matrix(const std::string & name, int64_t n_columns, int64_t n_rows, float deviation) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx_, GGML_TYPE_Q8_0, n_columns, n_rows);
        std::vector<float> row(n_columns);
        for (int64_t r = 0; r < n_rows; ++r) {
            for (float & x : row) x = normal_(rng_) * deviation;
            ggml_quantize_chunk(GGML_TYPE_Q8_0, row.data(), static_cast<char *>(t->data) + r * t->nb[1], 0, 1, n_columns,
                                nullptr);
        }
        add(t, name);
    }

    void norm(const std::string & name, int64_t n) {
        ggml_tensor * t = ggml_new_tensor_1d(ctx_, GGML_TYPE_F32, n);
        for (int64_t i = 0; i < n; ++i) static_cast<float *>(t->data)[i] = 1 + 0.1f * normal_(rng_);
        add(t, name);
    }

    bool write(const char * path) const { return gguf_write_to_file(gguf_, path, false); }

  private:
    void add(ggml_tensor * t, const std::string & name) {
        ggml_set_name(t, name.c_str());
        gguf_add_tensor(gguf_, t);
    }

    gguf_context * gguf_;
    ggml_context * ctx_;
    std::mt19937 rng_{1};
    std::normal_distribution<float> normal_{0, 1};
};

void write_metadata(gguf_context * gguf, uint32_t n_layers, uint32_t n_vocab) {
    gguf_set_val_str(gguf, "general.architecture", "qwen3");
    gguf_set_val_u32(gguf, "qwen3.vocab_size", n_vocab);
    gguf_set_val_u32(gguf, "qwen3.block_count", n_layers);
    gguf_set_val_u32(gguf, "qwen3.context_length", 40960);
    gguf_set_val_u32(gguf, "qwen3.embedding_length", kEmbd);
    gguf_set_val_u32(gguf, "qwen3.feed_forward_length", kFeedForward);
    gguf_set_val_u32(gguf, "qwen3.attention.head_count", kHeads);
    gguf_set_val_u32(gguf, "qwen3.attention.head_count_kv", kHeadsKv);
    gguf_set_val_u32(gguf, "qwen3.attention.key_length", kHeadSize);
    gguf_set_val_u32(gguf, "qwen3.attention.value_length", kHeadSize);
    gguf_set_val_f32(gguf, "qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
    gguf_set_val_f32(gguf, "qwen3.rope.freq_base", 1e6f);
    gguf_set_val_str(gguf, "tokenizer.ggml.model", "test");  // llama.cpp's tokenizer for fixtures
    std::vector<std::string> names(n_vocab);
    std::vector<const char *> pointers(n_vocab);
    for (uint32_t i = 0; i < n_vocab; ++i) {
        names[i] = "tok_" + std::to_string(i);
        pointers[i] = names[i].c_str();
    }
    const std::vector<float> scores(n_vocab, 0.0f);
    gguf_set_arr_str(gguf, "tokenizer.ggml.tokens", pointers.data(), n_vocab);
    gguf_set_arr_data(gguf, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, scores.data(), n_vocab);
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s <out.gguf> [n_layers=28] [n_vocab=151936]\n", argv[0]);
        return 1;
    }
    const auto n_layers = static_cast<uint32_t>(argc > 2 ? std::atoi(argv[2]) : 28);
    const auto n_vocab = static_cast<uint32_t>(argc > 3 ? std::atoi(argv[3]) : 151936);
    Writer w;
    write_metadata(w.gguf(), n_layers, n_vocab);
    const float in = 1 / std::sqrt(static_cast<float>(kEmbd));
    w.matrix("token_embd.weight", kEmbd, n_vocab, 0.05f);  // also the output matrix
    w.norm("output_norm.weight", kEmbd);
    for (uint32_t i = 0; i < n_layers; ++i) {
        const std::string block = "blk." + std::to_string(i) + ".";
        w.norm(block + "attn_norm.weight", kEmbd);
        w.norm(block + "ffn_norm.weight", kEmbd);
        w.norm(block + "attn_q_norm.weight", kHeadSize);
        w.norm(block + "attn_k_norm.weight", kHeadSize);
        w.matrix(block + "attn_q.weight", kEmbd, kHeads * kHeadSize, in);
        w.matrix(block + "attn_k.weight", kEmbd, kHeadsKv * kHeadSize, in);
        w.matrix(block + "attn_v.weight", kEmbd, kHeadsKv * kHeadSize, in);
        w.matrix(block + "attn_output.weight", kHeads * kHeadSize, kEmbd, 1 / std::sqrt(kHeads * kHeadSize * 1.0f));
        w.matrix(block + "ffn_gate.weight", kEmbd, kFeedForward, in);
        w.matrix(block + "ffn_up.weight", kEmbd, kFeedForward, in);
        w.matrix(block + "ffn_down.weight", kFeedForward, kEmbd, 1 / std::sqrt(kFeedForward * 1.0f));
    }
    return w.write(argv[1]) ? 0 : 1;
}
