// What is checked in a model file before llama.cpp sees it: that it is a whole GGUF with believable dimensions.
#pragma once

#include <string>

namespace banyan {

/**
 * Throws Error MODEL_NOT_FOUND or MODEL_INVALID. llama.cpp's own loader finds most defects too, but some only by a
 * division by zero, an assertion or an allocation of the size that a forged header asks for.
 * Returns the architecture's name.
 */
std::string check_gguf(const std::string & path);

}  // namespace banyan
