// A chat format's parser without passages that it reads and tells of to no caller: attributes of a tag, ids of any
// length. What may stand there is spelled out instead, so that words of the model between them make no call and stay
// text.
//
// Thread: any; no state.
#pragma once

#include <string>

namespace banyan {

/** The parser as llama.cpp saves it, likewise what comes back. Throws what llama.cpp's JSON throws. */
std::string spelled_parser(const std::string & saved);

}  // namespace banyan
