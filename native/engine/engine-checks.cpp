// What a request must be before the engine takes it; the caller learns the field that is wrong.
#include "engine/engine.h"
#include "runner/error.h"

namespace banyan {

void Engine::check(const EmbeddingOptions & options) const {
    if (vocabulary_only_) throw Error("MODEL_UNSUPPORTED", "only the vocabulary was loaded: another engine computes");
    if (info_.pooling == Pooling::none) {
        throw Error("MODEL_UNSUPPORTED",
                    "this model generates text and embeds none: load an embedding model, or say how this one is to "
                    "pool its tokens' vectors (pooling)");
    }
    if (options.texts.empty()) throw Error("INVALID_OPTION", "there is no text", "texts");
    for (size_t i = 0; i < options.texts.size(); ++i) {
        const std::vector<Token> & text = options.texts[i];
        const std::string field = "texts[" + std::to_string(i) + "]";
        if (text.empty()) throw Error("INVALID_OPTION", field + " has no tokens", field);
        if (text.size() > static_cast<size_t>(info_.max_context)) {
            throw Error("PROMPT_TOO_LONG",
                        field + " has " + std::to_string(text.size()) + " tokens, a text may have " +
                            std::to_string(info_.max_context),
                        field);
        }
        for (const Token token : text) {
            if (model_->valid(token)) continue;
            throw Error("INVALID_OPTION", "token " + std::to_string(token) + " is not in the vocabulary", field);
        }
    }
    if (options.dimensions > info_.embedding_size) {
        throw Error("INVALID_OPTION",
                    "dimensions is " + std::to_string(options.dimensions) + ", vectors of this model have " +
                        std::to_string(info_.embedding_size),
                    "dimensions");
    }
}

void Engine::check(const RequestOptions & options) const {
    if (info_.pooling != Pooling::none) {
        throw Error("MODEL_UNSUPPORTED", "this is an embedding model: it generates no text. Load a chat model");
    }
    if (options.prompt.empty()) throw Error("INVALID_OPTION", "the prompt is empty", "prompt");
    for (const Token token : options.prompt) {
        if (!model_->valid(token)) {
            throw Error("INVALID_OPTION", "token " + std::to_string(token) + " is not in the vocabulary", "prompt");
        }
    }
    for (const TokenBias & one : options.sampling.biases) {
        if (model_->valid(one.token)) continue;
        const std::string id = std::to_string(one.token);
        throw Error("INVALID_OPTION", "token " + id + " is not in the vocabulary", "logitBias." + id);
    }
    if (options.prompt_logprobs >= 0 && info_.runner.device_sampling) {
        throw Error("INVALID_OPTION", "logprobs of the prompt are computed on a CPU only", "promptLogprobs");
    }
    if (options.prompt.size() >= static_cast<size_t>(info_.max_context)) {
        const size_t size = options.prompt.size();
        throw Error::too_long(std::to_string(size) + " tokens", size, info_.max_context);
    }
    if (options.begun >= static_cast<int32_t>(options.prompt.size())) {
        throw Error("INVALID_OPTION", "an answer that has begun ends the prompt, and is not all of it", "begun");
    }
    const bool chat_grammar = options.chat && options.chat->has_grammar();
    const bool own_grammar = !options.grammar.empty() || options.parsed_grammar;
    if (int(own_grammar) + int(!options.json_schema.empty()) + int(chat_grammar) > 1) {
        throw Error("INVALID_OPTION", "grammar, jsonSchema and a chat with tools or a schema exclude each other",
                    own_grammar ? "grammar" : "jsonSchema");
    }
}

}  // namespace banyan
