#include "runner/arch/architecture.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace banyan {

namespace {

using Names = std::initializer_list<const char *>;

// Attention only, through llama.cpp's common input classes: the kernel or dense masks serve them unchanged.
const Names kPaged = {
    "afmoe",        "apertus",       "arcee",          "arctic",     "baichuan",     "bailingmoe",    "bailingmoe2",
    "bitnet",       "bloom",         "chatglm",        "codeshell",  "cogvlm",       "cohere2",       "cohere2moe",
    "command-r",    "dbrx",          "deci",           "deepseek",   "deepseek2",    "deepseek2-ocr", "dots1",
    "ernie4_5",     "ernie4_5-moe",  "exaone",         "exaone-moe", "exaone4",      "falcon",        "gemma",
    "gemma2",       "gemma3",        "gemma3n",        "gemma4",     "glm4",         "glm4moe",       "gpt-oss",
    "gpt2",         "gptneox",       "grok",           "granite",    "granite_swa",  "granitemoe",    "grovemoe",
    "hrm_text",     "hunyuan-dense", "hunyuan-moe",    "hunyuan_vl", "hy_v3",        "internlm2",     "jais",
    "jais2",        "laguna",        "llama",          "llama4",     "maincoder",    "maple",         "mellum",
    "mimo2",        "minicpm",       "minicpm3",       "minimax-m2", "mistral3",     "mistral4",      "mpt",
    "muse-glimmer", "nanbeige",      "nemotron",       "olmo",       "olmo2",        "olmoe",         "openelm",
    "orion",        "paddleocr",     "pangu-embedded", "phi2",       "phi3",         "phimoe",        "plamo",
    "plamo3",       "qwen",          "qwen2",          "qwen2moe",   "qwen2vl",      "qwen3",         "qwen3moe",
    "qwen3vl",      "qwen3vlmoe",    "refact",         "seed_oss",   "smallthinker", "smollm3",       "spark2_5",
    "stablelm",     "starcoder",     "starcoder2",     "step35",     "talkie",       "xverse",
};

// Attention layers are paged as above, the other layers keep a recurrent state for each slot, which can be saved.
const Names kHybrid = {
    "bailingmoe3", "falcon-h1",  "granitehybrid",  "jamba",  "kimi-k3", "kimi-linear", "lfm2",      "lfm2moe",
    "minimax-01",  "nemotron_h", "nemotron_h_moe", "plamo2", "qwen35",  "qwen35moe",   "qwen3next",
};

// A lightning indexer computes on the mask itself.
const Names kDense = {"deepseek32", "dots3note", "glm-dsa", "hy_v4"};

const Names kRecurrent = {"arwkv7", "mamba", "mamba2", "rwkv6", "rwkv7"};

// A cache class or an attention of their own, which reads llama.cpp's cells; and what the pages would need for them.
// Where llama.cpp does so: src/llama-kv-cache-dsv4.h (compressed keys are outputs of the graph, in rows of a sequence),
// llama_kv_cache_msa_context::set_input_pos_slot (cells of one sequence), llama_memory_hybrid_idx::set_input_qsa.
const std::initializer_list<std::pair<const char *, const char *>> kOwnCache = {
    {"deepseek4",
     "its prefixes are not shared: layers compress 4 or 128 tokens into one key, so pages of compressed keys and the "
     "compressor's state at their ends would be needed"},
    {"minimax-m3",
     "its prefixes are not shared: an indexer chooses blocks of llama.cpp's cells, so its keys and choice would have "
     "to follow pages"},
    {"qwen4exp",
     "its prefixes are not shared: an indexer chooses blocks of llama.cpp's cells, so its keys and choice would have "
     "to follow pages; its recurrent states could be saved as those of other hybrids"},
};

const Names kUntested = {"chameleon", "graniteswitch", "plm"};

// They keep nothing of a text and give its vector, see embedding/. (LLaMA-embed keeps a cache, and reads both ways.)
const Names kEncoders = {
    "bert",        "eurobert", "gemma-embedding", "jina-bert-v2",   "jina-bert-v3", "llama-embed",
    "modern-bert", "neo-bert", "nomic-bert",      "nomic-bert-moe",
};
const Names kDiffusion = {"dream", "llada", "llada-moe", "rnd1"};
const Names kSpeech = {"pockettts", "qwen3tts", "wavtokenizer-dec"};
const Names kDraft = {"dflash", "gemma4-assistant"};

bool has(const Names & names, const std::string & name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Architecture refused(const std::string & reason) {
    return {AttentionPath::refused, false, false, reason};
}

Architecture stock(const std::string & reason) {
    return {AttentionPath::stock, false, false, reason};
}

}  // namespace

Architecture architecture_of(const std::string & name) {
    if (has(kPaged, name)) return {AttentionPath::paged, true, false, ""};
    if (has(kHybrid, name)) return {AttentionPath::paged, true, true, ""};
    if (has(kDense, name)) {
        return {AttentionPath::dense, true, false, "the model's indexer computes on dense attention masks"};
    }
    if (name == "rwkv6qwen2") {
        return stock("the model keeps recurrent state, which is computed anew: no test model of it can be made");
    }
    if (has(kRecurrent, name))
        return {AttentionPath::stock, true, true, "the model has no attention: states, no pages"};
    for (const auto & [own, reason] : kOwnCache) {
        if (own == name) return stock(reason);
    }
    if (has(kUntested, name)) return stock("the architecture has not been tested with paged attention");
    if (has(kEncoders, name)) {
        return {AttentionPath::encoder, false, false, "an embedding model: it does not generate text"};
    }
    if (name == "t5encoder") return refused("the encoder of an encoder-decoder model is not supported");
    if (has(kDiffusion, name)) return refused("diffusion models do not generate token by token");
    if (has(kSpeech, name)) return refused("speech models do not generate text");
    if (name == "eagle3") {
        return {AttentionPath::head, false, false,
                "a head that drafts for another model: pass that model, and this file as its draftModel"};
    }
    if (has(kDraft, name)) return refused("a draft model of a kind that does not draft here");
    if (name == "t5") return refused("encoder-decoder models are not supported");
    return refused("unknown architecture: " + name);
}

}  // namespace banyan
