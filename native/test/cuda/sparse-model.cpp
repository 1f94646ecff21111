#include "cuda/sparse-model.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"
#include "gguf.h"
#include "llama-model.h"

namespace banyan::test {

namespace {

void write_metadata(gguf_context * gguf, const ModelSize & s) {
    const auto number = [&](const char * key, int value) {
        gguf_set_val_u32(gguf, (std::string("qwen3.") + key).c_str(), static_cast<uint32_t>(value));
    };
    gguf_set_val_str(gguf, "general.architecture", "qwen3");
    number("vocab_size", s.vocabulary);
    number("block_count", s.layers);
    number("context_length", 40960);
    number("embedding_length", s.embedding);
    number("feed_forward_length", s.feed_forward);
    number("attention.head_count", s.heads);
    number("attention.head_count_kv", s.heads_kv);
    number("attention.key_length", s.head);
    number("attention.value_length", s.head);
    gguf_set_val_f32(gguf, "qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
    gguf_set_val_f32(gguf, "qwen3.rope.freq_base", 1e6f);
    gguf_set_val_str(gguf, "tokenizer.ggml.model", "test");  // llama.cpp's tokenizer for fixtures
    std::vector<std::string> names(s.vocabulary);
    std::vector<const char *> pointers(s.vocabulary);
    for (int i = 0; i < s.vocabulary; ++i) {
        names[i] = "tok_" + std::to_string(i);
        pointers[i] = names[i].c_str();
    }
    const std::vector<float> scores(s.vocabulary, 0.0f);
    gguf_set_arr_str(gguf, "tokenizer.ggml.tokens", pointers.data(), pointers.size());
    gguf_set_arr_data(gguf, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, scores.data(), scores.size());
}

void add_tensors(gguf_context * gguf, ggml_context * ctx, const ModelSize & s) {
    const auto add = [&](const std::string & name, ggml_tensor * tensor) {
        ggml_set_name(tensor, name.c_str());
        gguf_add_tensor(gguf, tensor);
    };
    const auto matrix = [&](const std::string & name, int in, int out) {
        add(name, ggml_new_tensor_2d(ctx, GGML_TYPE_F16, in, out));
    };
    const auto norm = [&](const std::string & name, int n) { add(name, ggml_new_tensor_1d(ctx, GGML_TYPE_F32, n)); };
    matrix("token_embd.weight", s.embedding, s.vocabulary);
    matrix("output.weight", s.embedding, s.vocabulary);
    norm("output_norm.weight", s.embedding);
    for (int i = 0; i < s.layers; ++i) {
        const std::string block = "blk." + std::to_string(i) + ".";
        norm(block + "attn_norm.weight", s.embedding);
        norm(block + "ffn_norm.weight", s.embedding);
        norm(block + "attn_q_norm.weight", s.head);
        norm(block + "attn_k_norm.weight", s.head);
        matrix(block + "attn_q.weight", s.embedding, s.heads * s.head);
        matrix(block + "attn_k.weight", s.embedding, s.heads_kv * s.head);
        matrix(block + "attn_v.weight", s.embedding, s.heads_kv * s.head);
        matrix(block + "attn_output.weight", s.heads * s.head, s.embedding);
        matrix(block + "ffn_gate.weight", s.embedding, s.feed_forward);
        matrix(block + "ffn_up.weight", s.embedding, s.feed_forward);
        matrix(block + "ffn_down.weight", s.feed_forward, s.embedding);
    }
}

}  // namespace

bool write_sparse_model(const std::string & path, const ModelSize & size) {
    gguf_context * gguf = gguf_init_empty();
    ggml_context * ctx = ggml_init({ggml_tensor_overhead() * 4096, nullptr, true});
    write_metadata(gguf, size);
    add_tensors(gguf, ctx, size);
    const bool written = gguf_write_to_file(gguf, path.c_str(), true);
    const int64_t last = gguf_get_n_tensors(gguf) - 1;
    const size_t bytes = ggml_nbytes(ggml_get_tensor(ctx, gguf_get_tensor_name(gguf, last)));
    const size_t end = gguf_get_meta_size(gguf) + gguf_get_tensor_offset(gguf, last) + GGML_PAD(bytes, 32);
    gguf_free(gguf);
    ggml_free(ctx);
    std::error_code error;
    if (written) std::filesystem::resize_file(path, end, error);
    return written && !error;
}

void randomise_weights(llama_model * model) {
    std::mt19937 rng(1);
    std::normal_distribution<float> normal;
    std::vector<float> block(1 << 20);
    for (float & x : block) x = normal(rng);
    std::vector<ggml_fp16_t> half(block.size());
    for (const auto & [name, tensor] : llama_internal_get_tensor_map(model)) {
        const bool f16 = tensor->type == GGML_TYPE_F16;
        if (f16) {
            const float scale = 1.0f / std::sqrt(static_cast<float>(tensor->ne[0]));
            for (size_t i = 0; i < block.size(); ++i) half[i] = ggml_fp32_to_fp16(block[i] * scale);
        }
        const std::vector<float> ones(f16 ? 0 : ggml_nelements(tensor), 1.0f);
        const char * from =
            f16 ? reinterpret_cast<const char *>(half.data()) : reinterpret_cast<const char *>(ones.data());
        const size_t step = f16 ? half.size() * sizeof(ggml_fp16_t) : ones.size() * sizeof(float);
        for (size_t at = 0; at < ggml_nbytes(tensor); at += step) {
            ggml_backend_tensor_set(tensor, from, at, std::min(step, ggml_nbytes(tensor) - at));
        }
    }
}

}  // namespace banyan::test
