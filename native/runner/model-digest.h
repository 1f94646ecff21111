// Which weights a model file holds, in 32 bytes: for what is kept between two loads and must not meet another model.
#pragma once

#include <string>

namespace banyan {

/**
 * SHA-256, in hex, over the metadata (but general.name, .url and .author, which say nothing of the weights), each tensor's name,
 * type and shape, samples of its bytes (the first, the middle and the last 4 KiB), and the file's size; of a split model over
 * all its files. The same in every place and under every name; a fine-tune or another quantisation of equal size has another
 * one. Not meant against forgers: bytes between the samples are not read. Throws Error MODEL_INVALID.
 */
std::string model_digest(const std::string & path);

}  // namespace banyan
