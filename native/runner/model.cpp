#include "runner/model.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "common.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/error.h"
#include "runner/gguf-check.h"
#include "runner/masks/vocab-trie.h"
#include "runner/matrix/packed-weights.h"
#include "runner/model-digest.h"
#include "runner/text-bound.h"

namespace banyan {

namespace {

struct LoadProgress {
    const std::function<void(float)> & report;
    const std::atomic<bool> & abort;
};

bool on_progress(float fraction, void * data) {
    const auto & progress = *static_cast<LoadProgress *>(data);
    if (progress.report) progress.report(fraction);
    return !progress.abort.load(std::memory_order_relaxed);
}

std::string metadata(const llama_model * model, const char * key) {
    char buffer[256];
    const int32_t n = llama_model_meta_val_str(model, key, buffer, sizeof(buffer));
    return n < 0 ? std::string() : std::string(buffer);
}

llama_model * load_weights(const std::string & path, const WeightOptions & options, LoadProgress & progress,
                           bool in_another_order) {
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = options.vocabulary_only ? 0 : options.gpu_layers;
    params.vocab_only = options.vocabulary_only;
    params.load_mtp = options.mtp;
    params.use_extra_bufts = in_another_order;
    params.progress_callback = on_progress;
    params.progress_callback_user_data = &progress;

    backend::LogCapture log;
    backend::AssertGuard guard;
    llama_model * model = nullptr;
    try {
        model = llama_model_load_from_file(path.c_str(), params);
    } catch (const std::bad_alloc &) {
        throw Error("OUT_OF_MEMORY", path + ": not enough memory for the weights");
    } catch (const std::exception & e) {
        throw Error("MODEL_INVALID", path + ": " + e.what(), "modelPath");
    }
    if (model) return model;
    if (progress.abort) throw Error("ABORTED", "the load was aborted");
    const std::string why = log.summary("llama.cpp could not load it");
    if (why.find("unknown model architecture") != std::string::npos) {
        throw Error("MODEL_UNSUPPORTED", path + ": " + why, "modelPath");
    }
    if (why.find("unable to allocate") != std::string::npos || why.find("failed to allocate") != std::string::npos) {
        throw Error("OUT_OF_MEMORY", path + ": " + why);
    }
    throw Error("MODEL_INVALID", path + ": " + why, "modelPath");
}

/** Weights that are too large for memory in another order stay as the file has them, mapped: slower, but they run. */
llama_model * load_what_fits(const std::string & path, const WeightOptions & options, LoadProgress & progress) {
    try {
        return load_weights(path, options, progress, true);
    } catch (const Error & error) {
        if (error.code != "OUT_OF_MEMORY") throw;
        return load_weights(path, options, progress, false);
    }
}

/**
 * In exact mode weights that ggml orders anew are loaded once more, as the file has them: its kernels for them take
 * four rows at once, and add them up otherwise than one. Ours do not.
 */
llama_model * load_weights(const std::string & path, const WeightOptions & options, LoadProgress & progress) {
    llama_model * model = load_what_fits(path, options, progress);
    if (!options.exact || !has_other_orders(*model)) return model;
    llama_model_free(model);
    return load_weights(path, options, progress, false);
}

}  // namespace

std::shared_ptr<const Model> Model::load(const std::string & path, const WeightOptions & options,
                                         const std::function<void(float)> & progress, const std::atomic<bool> & abort) {
    backend::init();
    if (path.empty()) throw Error("MODEL_NOT_FOUND", "no model path", "modelPath");
    const std::string architecture = check_gguf(path);
    const Architecture paging = architecture_of(architecture);
    const bool refused = paging.path == AttentionPath::refused || (paging.path == AttentionPath::head && !options.head);
    if (refused && !options.vocabulary_only) {
        throw Error("MODEL_UNSUPPORTED", path + ": architecture " + architecture + ": " + paging.reason, "modelPath");
    }
    LoadProgress state{progress, abort};
    const std::shared_ptr<Model> model(new Model(load_weights(path, options, state), path, paging));
    model->info_.digest = model_digest(path);  // after the weights were read: its samples are in the file cache
    return model;
}

Model::Model(llama_model * model, const std::string & path, const Architecture & paging)
    : model_(model), vocab_(llama_model_get_vocab(model)) {
    info_.path = path;
    info_.paging = paging;
    info_.architecture = metadata(model, "general.architecture");
    info_.name = metadata(model, "general.name");
    info_.size_bytes = llama_model_size(model);
    info_.parameters = llama_model_n_params(model);
    // Of a vocabulary alone llama.cpp reads no sizes.
    const std::string context = metadata(model, (info_.architecture + ".context_length").c_str());
    info_.context_train = std::max(llama_model_n_ctx_train(model), std::atoi(context.c_str()));
    info_.vocab_size = llama_vocab_n_tokens(vocab_);
    const Token eos = llama_vocab_eos(vocab_);
    if (eos != LLAMA_TOKEN_NULL) info_.eos_text = piece(eos, true);
    info_.sampling = model_sampling(model);
    int32_t n = 0;
    const llama_token * tokens = llama_vocab_get_suppress_tokens(vocab_, &n);
    suppressed_.assign(tokens, tokens + n);
    for (Token token = 0; token < info_.vocab_size; ++token) {
        if (llama_vocab_is_eog(vocab_, token)) end_tokens_.push_back(token);
    }
    find_byte_tokens();
    info_.longest_token = longest_token_bytes(*this);
}

void Model::find_byte_tokens() {
    byte_tokens_.assign(256, -1);
    for (Token token = 0; token < info_.vocab_size; ++token) {
        if (llama_vocab_is_control(vocab_, token) || llama_vocab_is_eog(vocab_, token)) continue;
        const std::string text = piece(token, true);
        if (text.size() != 1) continue;
        Token & first = byte_tokens_[static_cast<unsigned char>(text[0])];
        if (first < 0 && std::find(suppressed_.begin(), suppressed_.end(), token) == suppressed_.end()) first = token;
    }
}

std::shared_ptr<const VocabTrie> Model::texts() const {
    std::call_once(texts_once_, [&] { texts_ = std::make_shared<const VocabTrie>(vocab_); });
    return texts_;
}

Model::~Model() {
    llama_model_free(model_);
}

std::vector<Token> Model::tokenize(const std::string & text, bool add_special, bool parse_special) const {
    if (text.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()) / 2) {
        throw Error("INVALID_OPTION", "the text is longer than 1 GiB", "text");
    }
    backend::AssertGuard guard;
    return common_tokenize(vocab_, text, add_special, parse_special);
}

std::string Model::piece(Token token, bool special) const {
    return valid(token) ? common_token_to_piece(vocab_, token, special) : std::string();
}

std::string Model::detokenize(const Token * tokens, size_t n, bool special) const {
    std::vector<Token> known;
    for (size_t i = 0; i < n; ++i) {
        if (valid(tokens[i])) known.push_back(tokens[i]);
    }
    backend::AssertGuard guard;
    return common_detokenize(vocab_, known, special);
}

bool Model::ends_generation(Token token) const {
    return valid(token) && llama_vocab_is_eog(vocab_, token);
}

}  // namespace banyan
