#include "runner/model-digest.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "gguf.h"
#include "llama.h"
#include "runner/error.h"
extern "C" {
#include "hash/sha256/sha256.h"
}

namespace banyan {

namespace {

using Gguf = std::unique_ptr<gguf_context, decltype(&gguf_free)>;

constexpr uint64_t kFormat = 1;
constexpr uint64_t kSample = 4096;
constexpr const char * kLabels[] = {"general.name", "general.url", "general.author"};

/** Every part is written with its length before it, so that no two sequences of parts are the same bytes. */
class Hash {
  public:
    Hash() { sha256_init(&state_); }
    void bytes(const void * data, size_t size) {
        number(size);
        sha256_update(&state_, static_cast<const unsigned char *>(data), size);
    }
    void text(const char * text) { bytes(text, std::strlen(text)); }
    void number(uint64_t value) {
        std::array<unsigned char, 8> out;
        for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<unsigned char>(value >> (8 * i));
        sha256_update(&state_, out.data(), out.size());
    }
    std::string hex() {
        std::array<unsigned char, SHA256_DIGEST_SIZE> digest;
        sha256_final(&state_, digest.data());
        std::string out;
        for (const unsigned char byte : digest) {
            out += "0123456789abcdef"[byte >> 4];
            out += "0123456789abcdef"[byte & 15];
        }
        return out;
    }

  private:
    sha256_t state_;
};

size_t scalar_size(gguf_type type) {
    switch (type) {
        case GGUF_TYPE_UINT8:
        case GGUF_TYPE_INT8:
        case GGUF_TYPE_BOOL:
            return 1;
        case GGUF_TYPE_UINT16:
        case GGUF_TYPE_INT16:
            return 2;
        case GGUF_TYPE_UINT32:
        case GGUF_TYPE_INT32:
        case GGUF_TYPE_FLOAT32:
            return 4;
        default:
            return 8;
    }
}

void add_value(Hash & hash, const gguf_context * gguf, int64_t id) {
    const gguf_type type = gguf_get_kv_type(gguf, id);
    hash.number(type);
    if (type == GGUF_TYPE_STRING) return hash.text(gguf_get_val_str(gguf, id));
    if (type != GGUF_TYPE_ARRAY) return hash.bytes(gguf_get_val_data(gguf, id), scalar_size(type));
    const gguf_type item = gguf_get_arr_type(gguf, id);
    const size_t n = gguf_get_arr_n(gguf, id);
    hash.number(item);
    hash.number(n);
    if (item != GGUF_TYPE_STRING) return hash.bytes(gguf_get_arr_data(gguf, id), n * scalar_size(item));
    for (size_t i = 0; i < n; ++i) hash.text(gguf_get_arr_str(gguf, id, i));
}

void add_metadata(Hash & hash, const gguf_context * gguf) {
    for (int64_t id = 0; id < gguf_get_n_kv(gguf); ++id) {
        const std::string key = gguf_get_key(gguf, id);
        if (std::find(std::begin(kLabels), std::end(kLabels), key) != std::end(kLabels)) continue;
        hash.text(key.c_str());
        add_value(hash, gguf, id);
    }
}

void add_sample(Hash & hash, std::ifstream & file, uint64_t at, uint64_t size) {
    std::vector<char> sample(size);
    file.seekg(static_cast<std::streamoff>(at));
    file.read(sample.data(), static_cast<std::streamsize>(size));
    hash.bytes(sample.data(), sample.size());
}

void add_tensors(Hash & hash, const gguf_context * gguf, std::ifstream & file) {
    const int64_t n = gguf_get_n_tensors(gguf);
    hash.number(static_cast<uint64_t>(n));
    for (int64_t id = 0; id < n; ++id) {
        hash.text(gguf_get_tensor_name(gguf, id));
        hash.number(gguf_get_tensor_type(gguf, id));
        const int64_t * shape = gguf_get_tensor_ne(gguf, id);
        for (int dim = 0; dim < GGML_MAX_DIMS; ++dim) hash.number(static_cast<uint64_t>(shape[dim]));
        const uint64_t begin = gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, id);
        const uint64_t bytes = gguf_get_tensor_size(gguf, id), sample = std::min(bytes, kSample);
        for (const uint64_t at : {uint64_t(0), (bytes - sample) / 2, bytes - sample}) {
            add_sample(hash, file, begin + at, sample);
        }
    }
}

/** Returns how many files the model has. */
uint64_t add_file(Hash & hash, const std::string & path) {
    const Gguf gguf(gguf_init_from_file(path.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}), gguf_free);
    std::ifstream file(path, std::ios::binary);
    if (!gguf || !file) throw Error("MODEL_INVALID", path + ": cannot be read", "modelPath");
    hash.number(std::filesystem::file_size(path));
    add_metadata(hash, gguf.get());
    add_tensors(hash, gguf.get(), file);
    if (!file) throw Error("MODEL_INVALID", path + ": cannot be read to its end", "modelPath");
    const int64_t id = gguf_find_key(gguf.get(), "split.count");
    return id >= 0 && gguf_get_kv_type(gguf.get(), id) == GGUF_TYPE_UINT16 ? gguf_get_val_u16(gguf.get(), id) : 1;
}

/** Path of another file of a split model; empty when the first one is not named like the first of so many. */
std::string split_path(const std::string & first, uint64_t index, uint64_t count) {
    std::vector<char> prefix(first.size() + 1), path(first.size() + 64);
    const auto n = static_cast<int32_t>(count);
    if (llama_split_prefix(prefix.data(), prefix.size(), first.c_str(), 0, n) <= 0) return {};
    if (llama_split_path(path.data(), path.size(), prefix.data(), static_cast<int32_t>(index), n) <= 0) return {};
    return path.data();
}

}  // namespace

std::string model_digest(const std::string & path) {
    Hash hash;
    hash.number(kFormat);
    const uint64_t files = add_file(hash, path);
    for (uint64_t index = 1; index < files; ++index) {
        const std::string next = split_path(path, index, files);
        if (next.empty()) throw Error("MODEL_INVALID", path + ": not named as the first file of its model", "modelPath");
        add_file(hash, next);
    }
    return hash.hex();
}

}  // namespace banyan
