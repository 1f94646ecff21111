#include "runner/gguf-check.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "gguf.h"
#include "runner/backend.h"
#include "runner/error.h"

namespace banyan {

namespace {

using Gguf = std::unique_ptr<gguf_context, decltype(&gguf_free)>;

[[noreturn]] void invalid(const std::string & path, const std::string & why) {
    throw Error("MODEL_INVALID", path + ": " + why, "modelPath");
}

uint64_t file_size(const std::string & path) {
    namespace fs = std::filesystem;
    std::error_code ec;
    const fs::file_status status = fs::status(path, ec);
    if (!fs::exists(status)) throw Error("MODEL_NOT_FOUND", path + ": no such file", "modelPath");
    if (!fs::is_regular_file(status)) invalid(path, "not a regular file");
    if (!std::ifstream(path, std::ios::binary)) invalid(path, std::strerror(errno));
    return fs::file_size(path);
}

/** An unsigned scalar, or nothing when the key is missing or an array (one value a layer). */
std::optional<uint64_t> scalar(const gguf_context * gguf, const std::string & path, const std::string & key) {
    const int64_t id = gguf_find_key(gguf, key.c_str());
    if (id < 0) return std::nullopt;
    switch (gguf_get_kv_type(gguf, id)) {
        case GGUF_TYPE_UINT32:
            return gguf_get_val_u32(gguf, id);
        case GGUF_TYPE_UINT64:
            return gguf_get_val_u64(gguf, id);
        case GGUF_TYPE_INT32:
            return static_cast<uint64_t>(gguf_get_val_i32(gguf, id));
        case GGUF_TYPE_UINT16:
            return gguf_get_val_u16(gguf, id);
        case GGUF_TYPE_ARRAY:
            return std::nullopt;
        default:
            invalid(path, key + " has the wrong type");
    }
}

/** Throws unless the key is a number in [low, high]; a missing one is fine when `optional`. */
void expect_range(const gguf_context * gguf, const std::string & path, const std::string & key, uint64_t low,
                  uint64_t high, bool optional) {
    const std::optional<uint64_t> value = scalar(gguf, path, key);
    if (!value) {
        if (optional || gguf_find_key(gguf, key.c_str()) >= 0) return;
        invalid(path, key + " is missing");
    }
    if (*value < low || *value > high) {
        invalid(path, key + " is " + std::to_string(*value) + ", expected " + std::to_string(low) + " to " +
                          std::to_string(high));
    }
}

/** Norms assert at run time, on a compute thread, what nothing checks at load time. */
void expect_epsilon(const gguf_context * gguf, const std::string & path, const std::string & key) {
    const int64_t id = gguf_find_key(gguf, key.c_str());
    if (id < 0 || gguf_get_kv_type(gguf, id) != GGUF_TYPE_FLOAT32) return;
    if (!(gguf_get_val_f32(gguf, id) >= 0.0f)) invalid(path, key + " is negative or not a number");
}

void check_dimensions(const gguf_context * gguf, const std::string & path, const std::string & arch) {
    expect_range(gguf, path, arch + ".block_count", 1, 512, false);
    expect_range(gguf, path, arch + ".embedding_length", 1, 1 << 20, false);
    expect_range(gguf, path, arch + ".context_length", 1, (1ull << 31) - 1, false);
    for (const char * key : {".feed_forward_length", ".attention.key_length", ".attention.value_length"}) {
        expect_range(gguf, path, arch + key, 0, 1 << 24, true);
    }
    expect_range(gguf, path, arch + ".attention.sliding_window", 0, 1 << 30, true);
    expect_range(gguf, path, arch + ".expert_count", 0, 1 << 14, true);
    for (const char * key : {".attention.layer_norm_rms_epsilon", ".attention.layer_norm_epsilon"}) {
        expect_epsilon(gguf, path, arch + key);
    }
    const auto rope_dimensions = scalar(gguf, path, arch + ".rope.dimension_count");
    if (rope_dimensions && (*rope_dimensions == 0 || *rope_dimensions % 2 != 0)) {
        invalid(path, "rope.dimension_count is not a positive even number");
    }
    const auto heads = scalar(gguf, path, arch + ".attention.head_count");
    const auto heads_kv = scalar(gguf, path, arch + ".attention.head_count_kv");
    if (heads && *heads > 1 << 16) invalid(path, "absurd number of attention heads");
    if (heads && heads_kv && *heads_kv > 0 && *heads % *heads_kv != 0) {
        invalid(path, "attention.head_count is not a multiple of attention.head_count_kv");
    }
    // RWKV's kernels read and write whole vectors, of 64 numbers at most, past the end of any other head. Files of
    // others may have the key too.
    const auto wkv = scalar(gguf, path, arch + ".wkv.head_size");
    const auto width = scalar(gguf, path, arch + ".embedding_length");
    if (arch.find("rwkv") != std::string::npos && wkv &&
        (*wkv == 0 || *wkv % 64 != 0 || !width || *width % *wkv != 0)) {
        invalid(path, "wkv.head_size is " + std::to_string(*wkv) +
                          ", expected a multiple of 64 that divides embedding_length");
    }
}

void check_vocabulary(const gguf_context * gguf, const std::string & path) {
    const int64_t id = gguf_find_key(gguf, "tokenizer.ggml.tokens");
    if (id < 0) invalid(path, "no vocabulary (tokenizer.ggml.tokens is missing)");
    if (gguf_get_kv_type(gguf, id) != GGUF_TYPE_ARRAY || gguf_get_arr_type(gguf, id) != GGUF_TYPE_STRING) {
        invalid(path, "tokenizer.ggml.tokens is not an array of strings");
    }
    if (gguf_get_arr_n(gguf, id) == 0) invalid(path, "the vocabulary is empty");
}

void check_tensors(const gguf_context * gguf, const std::string & path, uint64_t size) {
    const int64_t n = gguf_get_n_tensors(gguf);
    // The first file of a split model may hold nothing but metadata.
    if (n == 0 && scalar(gguf, path, "split.count").value_or(0) < 2) invalid(path, "no tensors");
    const uint64_t start = gguf_get_data_offset(gguf);
    for (int64_t i = 0; i < n; ++i) {
        const uint64_t offset = gguf_get_tensor_offset(gguf, i), bytes = gguf_get_tensor_size(gguf, i);
        if (start > size || offset > size - start || bytes > size - start - offset) {
            invalid(path, "truncated: tensor " + std::string(gguf_get_tensor_name(gguf, i)) + " ends after the file (" +
                              std::to_string(size) + " bytes)");
        }
    }
}

}  // namespace

std::string check_gguf(const std::string & path) {
    const uint64_t size = file_size(path);
    backend::LogCapture log;
    backend::AssertGuard guard;
    try {
        const Gguf gguf(gguf_init_from_file(path.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}), gguf_free);
        if (!gguf) invalid(path, log.summary("not a GGUF file"));
        const int64_t id = gguf_find_key(gguf.get(), "general.architecture");
        if (id < 0 || gguf_get_kv_type(gguf.get(), id) != GGUF_TYPE_STRING) {
            invalid(path, "general.architecture is missing");
        }
        const std::string arch = gguf_get_val_str(gguf.get(), id);
        check_tensors(gguf.get(), path, size);
        check_dimensions(gguf.get(), path, arch);
        check_vocabulary(gguf.get(), path);
        return arch;
    } catch (const Error &) {
        throw;
    } catch (const std::exception & e) {
        invalid(path, e.what());
    }
}

}  // namespace banyan
