// KvPool beyond the numbers: two contexts at once, refusals that leave the engine alive, graphs that are reused.
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "check.h"
#include "llama-context.h"
#include "runner/kv/kv-pool.h"
#include "runner/sequences.h"

using namespace banyan;
using namespace banyan::test;

namespace {

struct Model {
    llama_model * handle;

    explicit Model(const std::string & name) {
        llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        const char * dir = std::getenv("BANYAN_TEST_MODELS");
        const std::string path = std::string(dir ? dir : ".") + "/" + name + ".gguf";
        handle = llama_model_load_from_file(path.c_str(), llama_model_default_params());
        if (!handle) {
            fail(__FILE__, __LINE__, "no test model " + path);
            std::exit(1);
        }
    }
    ~Model() { llama_model_free(handle); }
};

/** A context of 16 pages of 16 tokens, 4 slots. */
struct Context {
    KvPool pool;
    llama_context * handle;

    explicit Context(const Model & model, AttentionMode mode = AttentionMode::automatic, ggml_type type = GGML_TYPE_F16)
        : pool(16, 16, 4, mode) {
        llama_context_params params = llama_context_default_params();
        params.type_k = params.type_v = type;
        params.n_threads = params.n_threads_batch = 2;
        pool.install(params, model.handle);
        handle = llama_init_from_model(model.handle, params);
        CHECK(handle != nullptr);
    }
    ~Context() { llama_free(handle); }

    /** Decodes n tokens from position `first` on; the last one's logits. */
    std::vector<float> decode(SlotId slot, int first, int n) {
        llama_batch batch = llama_batch_init(n, 0, 1);
        for (int i = 0; i < n; ++i) {
            batch.token[i] = (first + i) * 7 % 100;
            batch.pos[i] = first + i;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = slot;
            batch.logits[i] = i == n - 1;
        }
        batch.n_tokens = n;
        std::vector<float> logits;
        if (llama_decode(handle, batch) == 0) {
            const float * row = llama_get_logits_ith(handle, n - 1);
            logits.assign(row, row + llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(handle))));
        }
        llama_batch_free(batch);
        return logits;
    }
};

const std::vector<PageId> kPages = {9, 3, 12, 0, 7};

std::vector<std::vector<float>> generate(Context & context, SlotId slot) {
    std::vector<std::vector<float>> out;
    context.pool.bind(slot, kPages.data(), 5, 0);
    out.push_back(context.decode(slot, 0, 40));
    for (int i = 0; i < 20; ++i) {
        context.pool.bind(slot, kPages.data(), 5, 40 + i);
        out.push_back(context.decode(slot, 40 + i, 1));
    }
    return out;
}

}  // namespace

TEST("two contexts in one process, each on its own thread, give what one alone gives") {
    const Model llama("llama-dense");
    const Model gemma("gemma3-dense");
    Context alone(llama), alone_gemma(gemma), a(llama), b(gemma), c(llama, AttentionMode::dense);
    const auto expected = generate(alone, 1);
    const auto expected_gemma = generate(alone_gemma, 2);
    std::vector<std::vector<float>> from_a, from_b, from_c;
    std::thread first([&] { from_a = generate(a, 1); });
    std::thread second([&] { from_b = generate(b, 2); });
    from_c = generate(c, 1);
    first.join();
    second.join();
    CHECK(from_a == expected);
    CHECK(from_b == expected_gemma);
    CHECK_EQ(from_c.size(), expected.size());
}

TEST("a decode whose pages are missing, misplaced or foreign is refused, and the next one works") {
    const Model model("llama-dense");
    Context context(model);
    CHECK(context.decode(0, 0, 4).empty());  // nothing bound
    context.pool.bind(0, kPages.data(), 1, 0);
    CHECK(context.decode(0, 0, 17).empty());  // one token too many
    CHECK(context.decode(0, 5, 2).empty());   // not where the sequence ends
    const PageId outside = 16;
    context.pool.bind(0, &outside, 1, 0);
    CHECK(context.decode(0, 0, 4).empty());
    context.pool.bind(0, kPages.data(), 1, 0);
    CHECK(!context.decode(0, 0, 16).empty());
    context.pool.reset(0);
    CHECK(context.decode(0, 16, 1).empty());
}

TEST("copies outside the pool are refused") {
    const Model model("gemma3-dense");
    Context context(model);
    for (const PageCopy & copy : {PageCopy{-1, 0, 1}, PageCopy{0, 16, 1}, PageCopy{0, 1, 17}, PageCopy{0, 1, -1}}) {
        CHECK(!context.pool.copy_pages(&copy, 1));
    }
    const PageCopy fine{0, 1, 16};
    CHECK(context.pool.copy_pages(&fine, 1));
    CHECK(context.pool.page_bytes() > 0);
}

TEST("a page's bytes, written to another page of another context, give the same logits, bit by bit") {
    for (const char * name : {"llama-dense", "gemma3-dense", "qwen3-dense", "gemma2-dense"}) {
        const Model model(name);
        for (const ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
            for (const AttentionMode mode : {AttentionMode::automatic, AttentionMode::dense}) {
                Context from(model, mode, type), to(model, mode, type);
                const std::vector<PageId> source = {9, 3, 12, 1};
                // A dense mask adds up what it reads in the order of the pages.
                const std::vector<PageId> target =
                    mode == AttentionMode::dense ? source : std::vector<PageId>{0, 14, 5, 7};
                from.pool.bind(1, source.data(), 4, 0);
                CHECK(!from.decode(1, 0, 32).empty());
                std::vector<char> bytes(static_cast<size_t>(from.pool.page_bytes()));
                for (int i = 0; i < 2; ++i) {
                    CHECK(from.pool.read_page(source[i], bytes.data()));
                    CHECK(to.pool.write_page(target[i], bytes.data()));
                }
                to.pool.bind(2, target.data(), 4, 32);
                from.pool.bind(1, source.data(), 4, 32);
                CHECK(to.decode(2, 32, 16) == from.decode(1, 32, 16));
                to.pool.bind(2, target.data(), 4, 48);
                from.pool.bind(1, source.data(), 4, 48);
                const auto expected = from.decode(1, 48, 1);
                CHECK(!expected.empty());
                CHECK(to.decode(2, 48, 1) == expected);
            }
        }
    }
}

TEST("pages outside the pool are neither read nor written") {
    const Model model("llama-dense");
    Context context(model);
    std::vector<char> bytes(static_cast<size_t>(context.pool.page_bytes()));
    for (const PageId page : {-1, 16}) {
        CHECK(!context.pool.read_page(page, bytes.data()));
        CHECK(!context.pool.write_page(page, bytes.data()));
    }
}

TEST("decoding reuses one graph, however the pages change") {
    const Model model("gemma3-dense");
    Context context(model);
    generate(context, 0);
    const int before = llama_perf_context(context.handle).n_reused;
    generate(context, 1);
    CHECK_EQ(llama_perf_context(context.handle).n_reused - before, 19);  // the first of 20 follows a prefill
}

TEST("architectures: refused ones throw their reason, stock ones keep llama.cpp's cache") {
    const Model diffusion("llada-dense");
    llama_context_params params = llama_context_default_params();
    KvPool pool(16, 16, 4, AttentionMode::automatic);
    std::string reason;
    try {
        pool.install(params, diffusion.handle);
    } catch (const std::runtime_error & e) {
        reason = e.what();
    }
    CHECK(reason.find("diffusion") != std::string::npos);

    const Model recurrent("mamba-dense");
    Context context(recurrent);
    CHECK(context.pool.mode() == AttentionMode::stock);
    CHECK(!context.decode(0, 0, 20).empty());
    const PageCopy copy{0, 1, 16};
    CHECK(!context.pool.copy_pages(&copy, 1));
}
