// A model of the 8B shape without 16 GB of file: the GGUF is a header and a hole, its weights are made up after
// loading.
#pragma once

#include <string>

struct llama_model;

namespace banyan::test {

/** Qwen3-8B's shape, F16. */
struct ModelSize {
    int layers = 36, embedding = 4096, feed_forward = 12288, heads = 32, heads_kv = 8, head = 128, vocabulary = 151936;
};

/** Writes metadata and tensor table; the data are a hole of the right length. False: the disk refused. */
bool write_sparse_model(const std::string & path, const ModelSize & size);

/** Fills the loaded weights with random numbers, on whatever device they lie. */
void randomise_weights(llama_model * model);

}  // namespace banyan::test
