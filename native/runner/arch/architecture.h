// Which architectures the paged KV serves, and what happens to the others.
#pragma once

#include <cstdint>
#include <string>

namespace banyan {

enum class AttentionPath : uint8_t {
    paged,    // the kernel where the backend has one, else dense masks over the pages
    dense,    // dense masks over the pages: the model reads the mask itself
    stock,    // llama.cpp's own cache, one sequence a slot: nothing is shared
    encoder,  // reads a text whole and gives its vector; generates nothing
    head,     // drafts for a model whose hidden states it reads; on pages of its own, see drafting/head-reader.h
    refused,  // does not run here
};

struct Architecture {
    AttentionPath path = AttentionPath::refused;
    bool prefix_reuse = false;  // false: every request computes its whole prompt
    bool states = false;        // prefixes are reused where a recurrent state was saved, see kv/state-bank.h
    std::string reason;         // why the path is not `paged` or prefixes are not reused; else empty
};

/** name: general.architecture of the GGUF. Unknown names are refused. */
Architecture architecture_of(const std::string & name);

}  // namespace banyan
