// What a grammar costs a token: grammar-bench [--repeats <n>] <vocabulary.gguf> ...
//
// One answer of a schema is written again and again in one-character steps and in whole tokens. Each state is asked
// about the token that comes (accepted), and for the mask of the vocabulary (refused): by walking the vocabulary's
// texts for the first time, from what is known of the place, and as llama.cpp does it. Medians; a Markdown table.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common.h"
#include "llama-grammar.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/grammars/grammar.h"
#include "runner/masks/running-grammar.h"

using namespace banyan;

namespace {

const char * const kSchema = R"({"type":"object","additionalProperties":false,"required":["city","days","note"],
    "properties":{"city":{"type":"string"},"days":{"type":"integer"},"note":{"type":"string","maxLength":80},
    "sky":{"enum":["clear","cloudy","rain"]}}})";
const char * const kAnswer =
    R"({"city": "São Paulo, near the old market", "days": 14, "note": "warm coats, and an umbrella", "sky": "rain"})";

class Times {
  public:
    template <typename Call>
    void of(Call call) {
        const auto start = std::chrono::steady_clock::now();
        call();
        all_.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    double part(double share) {
        std::sort(all_.begin(), all_.end());
        return all_[static_cast<size_t>(share * static_cast<double>(all_.size() - 1))] / 1000.0;
    }
    std::string text() {
        char text[64];
        std::snprintf(text, sizeof(text), "%.3f / %.3f", part(0.5), part(0.95));
        return text;
    }

  private:
    std::vector<double> all_;
};

void by_llama(const llama_grammar & state, int32_t n) {
    std::vector<llama_token_data> all(static_cast<size_t>(n));
    for (Token token = 0; token < n; ++token) all[static_cast<size_t>(token)] = {token, 0.0f, 0.0f};
    llama_token_data_array candidates{all.data(), all.size(), -1, false};
    llama_grammar_apply_impl(state, &candidates);
}

void measure(const char * path, int repeats) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const std::unique_ptr<llama_model, void (*)(llama_model *)> model(llama_model_load_from_file(path, params),
                                                                      llama_model_free);
    if (!model) throw std::runtime_error(std::string("no vocabulary: ") + path);
    const llama_vocab * vocab = llama_model_get_vocab(model.get());
    Times made, accepted, fresh, known, stock;
    std::shared_ptr<const VocabTrie> trie;
    made.of([&] { trie = std::make_shared<const VocabTrie>(vocab); });
    const std::string gbnf = grammar_from_schema(kSchema);
    const GrammarRules rules = read_rules(vocab, gbnf);
    const std::vector<Token> answer = common_tokenize(vocab, kAnswer, false, true);
    std::vector<float> logits(static_cast<size_t>(trie->vocab_size()));
    bool admitted = true;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        const auto masks = std::make_shared<GrammarMasks>(trie, *rules);
        for (const bool first : {true, false}) {
            RunningGrammar running(*rules, masks);
            for (const Token token : answer) {
                (first ? fresh : known).of([&] { running.refuse(logits.data()); });
                if (first) stock.of([&] { by_llama(running.state(), trie->vocab_size()); });
                accepted.of([&] {
                    admitted = admitted && running.admits(token);
                    if (admitted) running.accept(token);
                });
                if (!admitted) throw std::runtime_error("the grammar does not admit the answer");
            }
        }
    }
    std::printf("| %s | %d | %s | %s | %s | %s | %.0f |\n", path, trie->vocab_size(), accepted.text().c_str(),
                fresh.text().c_str(), known.text().c_str(), stock.text().c_str(), made.part(0.5));
}

}  // namespace

int main(int argc, char ** argv) {
    backend::init();
    int repeats = 5;
    std::printf(
        "| vocabulary | tokens | accepted | refused, a new place | refused, a known place | llama.cpp's mask | texts "
        "|\n");
    std::printf("|---|---|---|---|---|---|---|\n");
    try {
        for (int i = 1; i < argc; ++i) {
            if (std::string(argv[i]) == "--repeats" && i + 1 < argc) {
                repeats = std::max(1, std::atoi(argv[++i]));
            } else {
                measure(argv[i], repeats);
            }
        }
    } catch (const std::exception & e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    return 0;
}
