// EAGLE-3 heads and MTP layers: what one drafts on pages is what llama.cpp's own implementation drafts with it of the
// same tokens, however these were read: in chunks, beside others, on shared pages, behind wrong drafts, on pages that
// were another's.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "llama.h"
#include "runner/arch/layers.h"
#include "runner/drafting/draft-runner.h"
#include "runner/drafting/hidden-states.h"
#include "runner/model.h"
#include "speculative.h"

using namespace banyan;

namespace {

constexpr int32_t kPageTokens = 16, kPages = 64, kDepth = 4;
const std::atomic<bool> kNoAbort{false};

std::string given(const char * name) {
    const char * value = std::getenv(name);
    if (value) return value;
    std::fprintf(stderr, "%s is not set: run this through ctest\n", name);
    std::exit(1);
}

/** A model and what drafts for it, as DraftRunner::load takes it. */
struct Pair {
    std::string model, head;

    bool mtp() const { return head == DraftRunner::kMtp; }
};

Pair pair_of(const std::string & name) {
    const std::string folder = given("BANYAN_TEST_DRAFTS") + "/draft-";
    if (name == DraftRunner::kMtp) return {folder + "mtp-model.gguf", name};
    return {given("BANYAN_TEST_MODEL"), folder + "head-" + name + ".gguf"};
}
const char * const kNames[] = {"own", "borrowing", DraftRunner::kMtp};

std::vector<Token> text(int n, int seed) {
    std::vector<Token> tokens;
    for (int i = 0; i < n; ++i) tokens.push_back(10 + (i * 37 + seed * 23 + (i * i * (seed + 2)) % 19) % 200);
    return tokens;
}

/** What llama.cpp drafts with the head after these tokens. */
class Oracle {
  public:
    explicit Oracle(const Pair & pair)
        : mtp_(pair.mtp()), model_(load(pair.model, mtp_)), head_(mtp_ ? model_ : load(pair.head, false)) {}
    ~Oracle() {
        if (!mtp_) llama_model_free(head_);
        llama_model_free(model_);
    }

    std::vector<Token> draft(const std::vector<Token> & tokens) const {
        llama_context * const target = context(model_, nullptr);
        llama_context * const drafts = context(head_, target);
        common_params_speculative params;
        params.types = {mtp_ ? COMMON_SPECULATIVE_TYPE_DRAFT_MTP : COMMON_SPECULATIVE_TYPE_DRAFT_EAGLE3};
        params.draft.n_max = kDepth;
        params.draft.ctx_tgt = target;
        params.draft.ctx_dft = drafts;
        params.draft.backend_sampling = false;
        std::vector<Token> result;
        {
            const common_speculative_ptr speculative(common_speculative_init(params, 1));
            const auto n = static_cast<int32_t>(tokens.size()) - 1;
            llama_batch batch = llama_batch_init(n, 0, 1);
            for (int32_t i = 0; i < n; ++i) common_batch_add(batch, tokens[i], i, {0}, i == n - 1);
            CHECK_EQ(llama_decode(target, batch), 0);
            CHECK(common_speculative_process(speculative.get(), batch));
            llama_batch_free(batch);
            common_speculative_draft_params & ask = common_speculative_get_draft_params(speculative.get(), 0);
            ask.drafting = true;
            ask.pos0 = n;
            ask.id_last = tokens.back();
            ask.prompt = &tokens;
            ask.result = &result;
            common_speculative_draft(speculative.get());
        }
        llama_free(drafts);
        llama_free(target);
        return result;
    }

  private:
    static llama_model * load(const std::string & path, bool mtp) {
        llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        llama_model_params params = llama_model_default_params();
        params.n_gpu_layers = 0;
        params.load_mtp = mtp;
        return llama_model_load_from_file(path.c_str(), params);
    }
    llama_context * context(llama_model * model, llama_context * other) const {
        llama_context_params params = llama_context_default_params();
        params.n_ctx = params.n_batch = params.n_ubatch = 512;
        params.n_threads = params.n_threads_batch = 1;
        params.ctx_other = other;
        if (other && mtp_) params.ctx_type = LLAMA_CONTEXT_TYPE_MTP;
        return llama_init_from_model(model, params);
    }

    bool mtp_;
    llama_model *model_, *head_;
};

/** A request, its pages handed out in place of the core. */
struct Line {
    SlotId slot;
    std::vector<Token> tokens;
    std::vector<PageId> pages;
    int32_t n_past = 0;
    bool first = true;
};

class Rig {
  public:
    explicit Rig(const Pair & pair) {
        RunnerOptions options;
        options.threads = 1;
        options.kv_tokens = kPages * kPageTokens;
        options.page_tokens = kPageTokens;
        options.max_running = 4;
        options.max_batch_tokens = 64;
        options.device_sampling = Choice::off;
        WeightOptions weights;
        weights.gpu_layers = 0;
        weights.mtp = pair.mtp();
        model_ = Model::load(pair.model, weights, nullptr, kNoAbort);
        runner_ = std::make_unique<Runner>(model_, options, kNoAbort);
        drafts_ = DraftRunner::load(pair.head, model_, options, *runner_, 0, nullptr, kNoAbort, kNoAbort);
    }

    Line line(SlotId slot, std::vector<Token> tokens) {
        Line line{slot, std::move(tokens), {}};
        cover(line, line.tokens.size() + kMostDraft + 1);
        return line;
    }
    void cover(Line & line, size_t n_tokens) {
        while (line.pages.size() * kPageTokens < n_tokens) {
            line.pages.push_back(next_page_++ % kPages);
            drafts_->take_page(line.pages.back());
        }
    }
    /** The first n tokens of another one, whose pages it shares, but for a copy of the one that it will write. */
    Line fork(const Line & of, SlotId slot, int32_t n, const std::vector<Token> & rest) {
        Line line{slot, {of.tokens.begin(), of.tokens.begin() + n}, {}};
        line.tokens.insert(line.tokens.end(), rest.begin(), rest.end());
        line.pages.assign(of.pages.begin(), of.pages.begin() + n / kPageTokens);
        line.n_past = n;
        if (n % kPageTokens > 0) {
            line.pages.push_back(next_page_++ % kPages);
            copies_.push_back({of.pages[static_cast<size_t>(n / kPageTokens)], line.pages.back(), n % kPageTokens});
        }
        cover(line, line.tokens.size() + kMostDraft + 1);
        return line;
    }

    /**
     * One step: so many tokens of each line, and after its last one these drafts, none of which is right. `planned`: is
     * called where the core has planned the rows, and asks for drafts.
     */
    void step(const std::vector<std::pair<Line *, int32_t>> & parts, const std::vector<Token> & wrong = {},
              const std::function<void()> & planned = [] {}) {
        Batch batch;
        batch.copies = std::exchange(copies_, {});
        std::vector<std::vector<Token>> rows;
        for (const auto & [line, n] : parts) {
            rows.emplace_back(line->tokens.begin() + line->n_past, line->tokens.begin() + line->n_past + n);
            rows.back().insert(rows.back().end(), wrong.begin(), wrong.end());
        }
        for (size_t r = 0; r < parts.size(); ++r) {
            Line & line = *parts[r].first;
            BatchRow row{1 + static_cast<RequestId>(line.slot), line.slot, rows[r].data(), parts[r].second,
                         line.n_past, line.pages.data(), static_cast<int32_t>(line.pages.size()), true, line.first};
            batch.rows.push_back(row);
            batch.n_tokens += row.n_tokens;
        }
        drafts_->follow(batch);
        planned();
        for (size_t r = 0; r < parts.size(); ++r) {
            batch.rows[r].n_drafts = static_cast<int32_t>(wrong.size());
            batch.rows[r].n_tokens += batch.rows[r].n_drafts;
            batch.n_tokens += batch.rows[r].n_drafts;
        }
        CHECK(runner_->run(batch));
        drafts_->hear(batch, *runner_);
        for (const auto & [line, n] : parts) {
            line->n_past += n;
            line->first = false;
        }
    }
    void read(Line & line, int32_t end, int32_t chunk) {
        while (line.n_past < end) step({{&line, std::min(chunk, end - line.n_past)}});
    }

    ModelRow row_of(const Line & line) {
        return {1 + static_cast<RequestId>(line.slot), line.slot, &line.tokens, line.pages.data(),
                static_cast<int32_t>(line.pages.size()), 0};
    }
    int32_t unread(const Line & line) { return drafts_->unread(row_of(line)); }
    std::vector<std::vector<Token>> draft(const std::vector<const Line *> & lines) {
        std::vector<ModelRow> rows;
        for (const Line * line : lines) {
            rows.push_back(row_of(*line));
            rows.back().n_read = unread(*line);
            CHECK(rows.back().n_read > 0);
        }
        std::vector<std::vector<Token>> out;
        for (const ModelDraft & draft : drafts_->draft(rows, kDepth).drafts) {
            out.emplace_back(draft.tokens.begin(), draft.tokens.begin() + draft.n);
        }
        return out;
    }
    DraftRunner & drafts() { return *drafts_; }

  private:
    std::shared_ptr<const Model> model_;
    std::unique_ptr<Runner> runner_;
    std::unique_ptr<DraftRunner> drafts_;
    std::vector<PageCopy> copies_;
    PageId next_page_ = 0;
};

/** Drafts that agree until two tokens were as likely but for rounding: hidden states are kept as bf16. */
class Agreement {
  public:
    void add(const std::vector<Token> & given, const std::vector<Token> & expected) {
        CHECK_EQ(expected.size(), static_cast<size_t>(kDepth));
        size_t same = 0;
        while (same < given.size() && same < expected.size() && given[same] == expected[same]) ++same;
        n_same_ += same;
        n_all_ += std::min(same + 1, expected.size());
    }
    ~Agreement() {
        std::printf("  %zu of %zu drafts as llama.cpp's\n", n_same_, n_all_);
        CHECK(n_same_ * 100 >= n_all_ * 95);
    }

  private:
    size_t n_same_ = 0, n_all_ = 0;
};

}  // namespace

TEST("a text read in chunks, and then token by token") {
    for (const char * name : kNames) {
        const Pair pair = pair_of(name);
        const Oracle oracle(pair);
        Agreement agreement;
        for (int seed = 0; seed < 6; ++seed) {
            Rig rig(pair);
            Line line = rig.line(0, text(40 + 13 * seed, seed));
            rig.read(line, static_cast<int32_t>(line.tokens.size()) - 1, 7 + 5 * seed);
            for (int i = 0; i < 6; ++i) {
                // Drafts that are wrong leave nothing behind.
                rig.step({{&line, 1}}, text(3, seed + i), [&] {
                    const auto n_cells = static_cast<int32_t>(line.tokens.size()) - (pair.mtp() ? 0 : 1);
                    CHECK_EQ(rig.unread(line), i == 0 ? n_cells : 1);
                    agreement.add(rig.draft({&line})[0], oracle.draft(line.tokens));
                });
                line.tokens.push_back(20 + 7 * i + seed);
            }
        }
    }
}

TEST("requests that share pages, side by side: each part is read once, and drafts are those of each text") {
    for (const char * name : kNames) {
        const Pair pair = pair_of(name);
        const Oracle oracle(pair);
        Agreement agreement;
        for (const int32_t n_shared : {20, 32, 41}) {
            Rig rig(pair);
            Line one = rig.line(0, text(50, n_shared));
            rig.read(one, 49, 64);
            agreement.add(rig.draft({&one})[0], oracle.draft(one.tokens));
            Line two = rig.fork(one, 1, n_shared, text(12, 3)), three = rig.fork(one, 2, n_shared, text(9, 4));
            rig.step({{&one, 1}, {&two, 11}, {&three, 8}});
            one.tokens.push_back(77);
            // An EAGLE-3 head's cell before the fork depends on the token after it: behind a copy it is read again, at a
            // page's end it stays as the first text had it.
            const bool copied = n_shared % kPageTokens > 0;
            CHECK_EQ(rig.unread(two), pair.mtp() || copied ? 12 : 11);
            const auto drafts = rig.draft({&three, &one, &two});
            if (pair.mtp() || copied) {
                agreement.add(drafts[0], oracle.draft(three.tokens));
                agreement.add(drafts[2], oracle.draft(two.tokens));
            }
            agreement.add(drafts[1], oracle.draft(one.tokens));
        }
    }
}

TEST("pages that were another's, and pages that came from elsewhere") {
    for (const char * name : {"own", DraftRunner::kMtp}) {
        const Pair pair = pair_of(name);
        const Oracle oracle(pair);
        Agreement agreement;
        Rig rig(pair);
        for (int seed = 0; seed < 6; ++seed) {  // the pool's 64 pages are handed out twice
            Line line = rig.line(seed % 4, text(160, seed));
            rig.read(line, 159, 50);
            agreement.add(rig.draft({&line})[0], oracle.draft(line.tokens));
            if (seed < 5) continue;
            rig.drafts().forget(line.pages[3]);  // of which the model told nothing
            CHECK_EQ(rig.unread(line), -1);
        }
        Line shortest = rig.line(0, text(1, 1));
        CHECK_EQ(rig.unread(shortest), pair.mtp() ? 1 : -1);  // an EAGLE-3 head reads the second token first
    }
}

TEST("architectures that tell what goes into their layers do") {
    int n_tapped = 0;
    for (const auto & entry : std::filesystem::directory_iterator(given("BANYAN_TEST_MODELS"))) {
        if (entry.path().extension() != ".gguf") continue;
        const std::string name = entry.path().stem().string();  // <architecture>-<dense|moe>
        if (architecture_of(name.substr(0, name.rfind('-'))).path != AttentionPath::paged) continue;
        const auto model = Model::load(entry.path().string(), {0}, nullptr, kNoAbort);
        if (!tells_layer_inputs(*model->handle())) continue;
        RunnerOptions options;
        options.threads = 1;
        options.kv_tokens = 64;
        Runner runner(model, options, kNoAbort);
        runner.tap({0, 1});
        ++n_tapped;
        const std::vector<Token> tokens = {1, 2, 3};
        const PageId page = 1;
        Batch batch;
        batch.rows.push_back({1, 3, tokens.data(), 3, 0, &page, 1, true, true});
        batch.n_tokens = 3;
        CHECK(runner.run(batch));
        const float *const first = runner.layer_input(0, 0), *const second = runner.layer_input(0, 1);
        CHECK(!std::equal(first, first + 8, second));
        CHECK(!std::equal(first, first + 8, first + llama_model_n_embd(model->handle())));
    }
    CHECK(n_tapped >= 5);
}

TEST("hidden states: a page that is known from its midst on is not known") {
    HiddenStates states(4, 8, 3);
    const std::vector<PageId> pages = {2, 0};
    const float values[] = {1, -2, 0.5f};
    for (int32_t token = 4; token < 12; ++token) states.write(pages.data(), token, 0, values, 3);
    states.learn(pages.data(), 4, 12);
    CHECK(!states.knows(pages.data(), 1));
    states.learn(pages.data(), 0, 12);
    CHECK(states.knows(pages.data(), 12) && !states.knows(pages.data(), 13));
    Batch step;
    step.copies.push_back({0, 3, 2});
    states.follow(step);
    const std::vector<PageId> fork = {2, 3};
    CHECK(states.knows(fork.data(), 10) && !states.knows(fork.data(), 11));
    float out[3];
    states.read(fork.data(), 9, out);
    CHECK(std::equal(out, out + 3, values));
    BatchRow row{};
    row.pages = pages.data();
    row.n_pages = 2;
    row.n_past = 5;
    step.copies.clear();
    step.rows.push_back(row);
    states.follow(step);
    CHECK(states.knows(pages.data(), 5) && !states.knows(pages.data(), 6));
}
