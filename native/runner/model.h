// A loaded GGUF: weights and vocabulary, or the vocabulary alone.
//
// Owns: the llama_model. Changed by: nothing after load() that a caller could see. Thread: any (every method is const);
// shared by the engine thread, JavaScript's and the workers that render chats. Invariant: the architecture is one that
// the runner supports.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/types.h"
#include "runner/arch/architecture.h"
#include "runner/sampling/model-sampling.h"

struct llama_model;
struct llama_vocab;

namespace banyan {

class VocabTrie;

struct ModelInfo {
    std::string path, architecture, name;
    uint64_t size_bytes = 0, parameters = 0;
    int32_t context_train = 0, vocab_size = 0;
    int32_t longest_token = 0;  // bytes, see text-bound.h
    Architecture paging;        // how its attention is served
    std::string eos_text;
    ModelSampling sampling;  // as its file recommends
    std::string digest;      // of the weights: see model-digest.h
};

/** How weights are read. */
struct WeightOptions {
    int32_t gpu_layers = -1;       // -1: all that fit
    bool vocabulary_only = false;  // none, of any architecture that llama.cpp knows
    bool exact = false;            // a row's products have the same bits whatever other rows there are, on a CPU
    bool head = false;             // it may be a head that drafts for another model
    bool mtp = false;              // with the layers behind its last one that draft for it, where it has any
};

class Model {
  public:
    /**
     * Blocks. progress gets [0, 1] on this thread. Throws Error MODEL_NOT_FOUND, MODEL_INVALID, MODEL_UNSUPPORTED, OUT_OF_MEMORY, ABORTED (when `abort`
     * became true).
     */
    static std::shared_ptr<const Model> load(const std::string & path, const WeightOptions & options,
                                             const std::function<void(float)> & progress,
                                             const std::atomic<bool> & abort);
    ~Model();

    const ModelInfo & info() const { return info_; }
    llama_model * handle() const { return model_; }
    const llama_vocab * vocab() const { return vocab_; }

    std::vector<Token> tokenize(const std::string & text, bool add_special, bool parse_special) const;
    /** Bytes, not necessarily whole UTF-8 characters. Unknown ids give nothing. */
    std::string piece(Token token, bool special) const;
    std::string detokenize(const Token * tokens, size_t n, bool special) const;

    bool valid(Token token) const { return token >= 0 && token < info_.vocab_size; }
    bool ends_generation(Token token) const;
    /** Tokens that the model's authors never want sampled. */
    const std::vector<Token> & suppressed() const { return suppressed_; }
    /** Every end-of-generation token, ascending. */
    const std::vector<Token> & end_tokens() const { return end_tokens_; }

    /** The token that is this one byte, by byte; -1 where there is none that may be sampled. */
    const std::vector<Token> & byte_tokens() const { return byte_tokens_; }
    /** What grammars walk; made when it is first asked for, in 100 ms or so of 152,000 tokens. */
    std::shared_ptr<const VocabTrie> texts() const;

  private:
    void find_byte_tokens();
    Model(llama_model * model, const std::string & path, const Architecture & paging);

    llama_model * model_;
    const llama_vocab * vocab_;
    ModelInfo info_;
    std::vector<Token> suppressed_, end_tokens_, byte_tokens_;
    mutable std::once_flag texts_once_;
    mutable std::shared_ptr<const VocabTrie> texts_;
};

}  // namespace banyan
