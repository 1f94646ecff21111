// Whether two models mean the same by every token.
#pragma once

#include <string>

namespace banyan {

class Model;

/**
 * Why tokens of one model are not those of the other: in words, with the first that differs. Empty: they are. One may
 * have up to 128 tokens more at the end, as models of a family are padded to different sizes.
 */
std::string vocabulary_difference(const Model & a, const Model & b);

}  // namespace banyan
