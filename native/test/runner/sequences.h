// Sequences under one face for stock llama.cpp and for the paged KV, so that a scenario runs on both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "llama.h"

namespace banyan::test {

struct TokenAt {
    llama_token token;
    int sequence;  // [0, kSequences)
    bool logits;   // wanted
};

constexpr int kSequences = 8;

/** Positions follow from the sequence's length. */
class Sequences {
  public:
    virtual ~Sequences() = default;

    /** One llama_decode; appends the wanted logits, in order. False: llama.cpp refused. */
    bool decode(const std::vector<TokenAt> & tokens, std::vector<float> & logits);

    /** dst becomes the first n tokens of src. dst must be empty. */
    virtual void fork(int src, int dst, int n) = 0;
    /** Forgets the tokens from n on. */
    virtual void truncate(int sequence, int n) = 0;
    void drop(int sequence) { truncate(sequence, 0); }
    int length(int sequence) const { return lengths_[sequence]; }

  protected:
    explicit Sequences(llama_context * context) : context_(context) {}
    /** Makes room for n more tokens; called for each sequence of a batch before it runs. */
    virtual bool prepare(int sequence, int n) = 0;

    llama_context * context_;
    int lengths_[kSequences] = {};
};

enum class Reference { no_flash_attention, flash_attention };

/** Stock unified cache; with no_flash_attention V is f16 or f32 and the arithmetic llama.cpp's plainest. */
std::unique_ptr<Sequences> stock_sequences(llama_model * model, ggml_type type, Reference reference);

struct PagedOptions {
    ggml_type type = GGML_TYPE_F16;
    int page_tokens = 32;
    int n_threads = 1;
    bool dense = false;
};

/** The paged KV with a small allocator in place of the core. nullptr: the context could not be made. */
std::unique_ptr<Sequences> paged_sequences(llama_model * model, const PagedOptions & options);

}  // namespace banyan::test
