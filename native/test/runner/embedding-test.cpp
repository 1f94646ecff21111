// Vectors of the embedder against llama.cpp's own way (examples/embedding), on small random models.
//
// BANYAN_TEST_EMBEDDING: folder with bert-mean.gguf, bert-cls.gguf, bert-none.gguf, bert-rank.gguf, qwen3-last.gguf
// (the ctest fixture makes them).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "check.h"
#include "common.h"
#include "llama.h"
#include "runner/embedding/embedder.h"
#include "runner/error.h"
#include "runner/model.h"

using namespace banyan;
using namespace banyan::test;

namespace {

using Texts = std::vector<std::vector<Token>>;
using Vectors = std::vector<std::vector<float>>;

const std::atomic<bool> kRunning{false};

std::string path_of(const std::string & name) {
    const char * dir = std::getenv("BANYAN_TEST_EMBEDDING");
    return std::string(dir ? dir : ".") + "/" + name + ".gguf";
}

std::shared_ptr<const Model> load(const std::string & name) {
    return Model::load(path_of(name), {0}, nullptr, kRunning);
}

RunnerOptions small(int32_t batch_tokens = 128) {
    RunnerOptions options;
    options.threads = 1;
    options.max_running = 8;
    options.max_batch_tokens = batch_tokens;
    return options;
}

Texts some_texts(const Model & model, int n, int longest) {
    std::mt19937 random(7);
    Texts texts;
    for (int i = 0; i < n; ++i) {
        std::vector<Token> text;
        const int length = 1 + static_cast<int>(random() % static_cast<unsigned>(longest));
        for (int t = 0; t < length; ++t) text.push_back(static_cast<Token>(random() % model.info().vocab_size));
        texts.push_back(text);
    }
    return texts;
}

/** In one batch. */
Vectors embedded(Embedder & embedder, const Texts & texts) {
    std::vector<EmbeddingPiece> pieces;
    for (size_t i = 0; i < texts.size(); ++i) {
        pieces.push_back({static_cast<int32_t>(i) + 1, texts[i].data(), static_cast<int32_t>(texts[i].size()), 0});
    }
    CHECK(embedder.run(pieces));
    Vectors out;
    for (const EmbeddingPiece & piece : pieces) {
        out.push_back(finished_vector(embedder.vector(piece.slot), embedder.info().size, true));
    }
    return out;
}

/** As examples/embedding does it, with a context of the same kind. */
Vectors by_llama(const Model & model, const Texts & texts, llama_flash_attn_type flash) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = 504;  // of which each sequence has as many
    params.n_seq_max = 9;
    params.n_threads = params.n_threads_batch = 1;
    params.embeddings = true;
    params.kv_unified = true;
    params.flash_attn_type = flash;
    llama_context * context = llama_init_from_model(model.handle(), params);
    llama_batch batch = llama_batch_init(504, 0, 1);
    for (size_t i = 0; i < texts.size(); ++i) {
        for (size_t t = 0; t < texts[i].size(); ++t) {
            common_batch_add(batch, texts[i][t], static_cast<llama_pos>(t), {static_cast<llama_seq_id>(i) + 1}, true);
        }
    }
    CHECK_EQ(llama_decode(context, batch), 0);
    Vectors out;
    for (size_t i = 0; i < texts.size(); ++i) {
        const float * pooled = llama_get_embeddings_seq(context, static_cast<llama_seq_id>(i) + 1);
        std::vector<float> vector(static_cast<size_t>(llama_model_n_embd_out(model.handle())));
        common_embd_normalize(pooled, vector.data(), static_cast<int>(vector.size()), 2);
        out.push_back(vector);
    }
    llama_batch_free(batch);
    llama_free(context);
    return out;
}

float difference(const std::vector<float> & a, const std::vector<float> & b) {
    CHECK_EQ(a.size(), b.size());
    float most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

std::string code_of(const std::function<void()> & call) {
    try {
        call();
    } catch (const Error & e) {
        return e.code;
    }
    return "";
}

}  // namespace

TEST("vectors are llama.cpp's, bit for bit") {
    for (const char * name : {"bert-mean", "bert-cls", "qwen3-last"}) {
        const auto model = load(name);
        const Pooling pooling = pooling_of(*model, PoolingChoice::automatic);
        Embedder embedder(model, small(), pooling, 0, kRunning);
        const bool encoder = model->info().paging.path == AttentionPath::encoder;
        const auto flash = encoder ? LLAMA_FLASH_ATTN_TYPE_DISABLED : LLAMA_FLASH_ATTN_TYPE_AUTO;
        for (const Texts & texts : {some_texts(*model, 1, 20), some_texts(*model, 5, 20)}) {
            CHECK(embedded(embedder, texts) == by_llama(*model, texts, flash));
        }
    }
}

TEST("a text alone and in company: the same vector but for rounding") {
    for (const char * name : {"bert-mean", "bert-cls", "qwen3-last"}) {
        const auto model = load(name);
        Embedder embedder(model, small(), pooling_of(*model, PoolingChoice::automatic), 0, kRunning);
        const Texts texts = some_texts(*model, 8, 16);
        const Vectors together = embedded(embedder, texts);
        for (size_t i = 0; i < texts.size(); ++i) {
            const float apart = difference(embedded(embedder, {texts[i]}).front(), together[i]);
            const bool encoder = model->info().paging.path == AttentionPath::encoder;
            if (apart > (encoder ? 1e-5f : 1e-3f)) {
                fail(__FILE__, __LINE__, std::string(name) + ": differ by " + std::to_string(apart));
            }
        }
    }
}

TEST("a long text in pieces gives what it gives at once, and others in between change nothing") {
    const auto model = load("qwen3-last");
    Embedder whole(model, small(512), Pooling::last, 0, kRunning);
    Embedder pieces(model, small(32), Pooling::last, 0, kRunning);
    std::vector<Token> text;
    for (int t = 0; t < 200; ++t) text.push_back(static_cast<Token>((t * 37) % 200));
    const std::vector<float> expected = embedded(whole, {text}).front();
    for (int32_t from = 0; from < 200; from += 32) {
        CHECK(pieces.run({{0, text.data() + from, std::min(32, 200 - from), from}}));
        if (from + 32 < 200) embedded(pieces, some_texts(*model, 2, 16));
    }
    const std::vector<float> vector = finished_vector(pieces.vector(0), pieces.info().size, true);
    CHECK(difference(vector, expected) <= 1e-3f);
    CHECK(difference(vector, embedded(whole, {{1, 2, 3}}).front()) > 1e-2f);
}

TEST("the batch is as large as the largest text where a text must be read at once") {
    const auto encoder = load("bert-mean");
    const Embedder embedder(encoder, small(16), Pooling::mean, 0, kRunning);
    CHECK_EQ(embedder.info().max_tokens, 128);  // what it was trained for
    CHECK_EQ(embedder.info().batch_tokens, 128);
    CHECK_EQ(Embedder(encoder, small(16), Pooling::mean, 40, kRunning).info().max_tokens, 40);
    CHECK_EQ(Embedder(encoder, small(16), Pooling::mean, 4000, kRunning).info().max_tokens, 128);
    CHECK_EQ(Embedder(load("qwen3-last"), small(16), Pooling::last, 0, kRunning).info().batch_tokens, 16);
}

TEST("texts share a batch of an encoder on a CPU up to a quarter of its width, and never more than a batch has") {
    CHECK_EQ(packed_tokens(512, 384), 96);
    CHECK_EQ(packed_tokens(512, 1024), 256);
    CHECK_EQ(packed_tokens(512, 64), 32);  // fewer fill no matrix product
    CHECK_EQ(packed_tokens(128, 1024), 128);
    CHECK_EQ(packed_tokens(16, 64), 16);
}

TEST("texts of a decoder share the whole batch; those of an encoder a part of it, on a CPU") {
    const Embedder decoder(load("qwen3-last"), small(), Pooling::last, 0, kRunning);
    CHECK_EQ(decoder.info().packed_tokens, decoder.info().batch_tokens);
    const Embedder encoder(load("bert-mean"), small(), Pooling::mean, 0, kRunning);
    CHECK_EQ(encoder.info().packed_tokens, encoder.info().runner.backend == "CPU" ? 32 : 128);  // it is 64 wide
}

TEST("how a model pools is what its file says, or the caller") {
    CHECK(pooling_of(*load("bert-cls"), PoolingChoice::automatic) == Pooling::cls);
    CHECK(pooling_of(*load("bert-cls"), PoolingChoice::last) == Pooling::last);
    CHECK(pooling_of(*load("bert-none"), PoolingChoice::mean) == Pooling::mean);
    CHECK_EQ(code_of([] { pooling_of(*load("bert-none"), PoolingChoice::automatic); }), "MODEL_UNSUPPORTED");
    CHECK_EQ(code_of([] { pooling_of(*load("bert-rank"), PoolingChoice::automatic); }), "MODEL_UNSUPPORTED");
}

TEST("what is cut is cut before it gets its length, and what is no number is an error") {
    const float pooled[] = {3, 4, 12};
    CHECK(finished_vector(pooled, 2, true) == (std::vector<float>{0.6f, 0.8f}));
    CHECK(finished_vector(pooled, 3, false) == (std::vector<float>{3, 4, 12}));
    const float broken[] = {1, NAN};
    CHECK_EQ(code_of([&] { finished_vector(broken, 2, true); }), "STEP_FAILED");
}
