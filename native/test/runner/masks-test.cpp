// Masks of a grammar by walking the vocabulary's texts: the same as llama.cpp's, token by token, in every state that
// random answers come through, on the vocabularies of BANYAN_TEST_VOCABULARIES and the test model's.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "check.h"
#include "common.h"
#include "llama-grammar.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/fleet.h"
#include "runner/grammars/grammar.h"
#include "runner/masks/running-grammar.h"
#include "runner/masks/utf8-text.h"
#include "runner/sampling/token-sampler.h"

using namespace banyan;
using namespace banyan::test;

namespace {

using Weightless = std::unique_ptr<llama_model, decltype(&llama_model_free)>;

std::string many_optional_properties() {
    std::string properties;
    for (int i = 0; i < 40; ++i) {
        properties += (i ? ",\"" : "\"") + std::string("p") + std::to_string(i) + R"(":{"type":"integer"})";
    }
    return R"({"type":"object","additionalProperties":false,"properties":{)" + properties + "}}";
}

const std::map<std::string, std::string> & grammars() {
    static const std::map<std::string, std::string> all = {
        {"words", R"(root ::= ("yes" | "yesterday" | "no" | "né" | "日本" | "日曜") " "? root | "." )"},
        {"characters", R"(root ::= [a-zà-ïА-я]{2,40} [^a-z"\x00-\x1f] . [一-龥]* ("!" | "😀" | "😁")+)"},
        {"nesting", R"g(root ::= "(" root ")" | "[" root root "]" | [^()\[\]] )g"},
        {"any JSON", grammar_from_schema("{}")},
        {"a form", grammar_from_schema(R"({"type":"object","required":["name","tags"],"properties":{
            "name":{"type":"string","maxLength":30},"tags":{"type":"array","items":{"enum":["rot","grün","日本語"]}},
            "n":{"type":"integer","minimum":-5,"maximum":1500},"when":{"type":"string","format":"date"},
            "code":{"type":"string","pattern":"^[A-Z]{2}-[0-9]+$"}}})")},
        {"many optional properties", grammar_from_schema(many_optional_properties())},
        {"optional letters", R"(root ::= "a"? "b"? "c"? "d"? "e"? "f"? ("gh" | [g-z]){0,9} "\n")"},
    };
    return all;
}

/** What llama.cpp admits, a byte a token. */
std::vector<char> by_llama(const llama_grammar & state, int32_t n) {
    std::vector<llama_token_data> all;
    for (Token token = 0; token < n; ++token) all.push_back({token, 0.0f, 0.0f});
    llama_token_data_array candidates{all.data(), all.size(), -1, false};
    llama_grammar_apply_impl(state, &candidates);
    std::vector<char> admitted;
    for (const auto & one : all) admitted.push_back(one.logit == 0.0f);
    return admitted;
}

std::vector<char> by_walk(RunningGrammar & grammar, int32_t n) {
    std::vector<float> logits(static_cast<size_t>(n), 0.0f);
    const bool any = grammar.refuse(logits.data());
    std::vector<char> admitted;
    for (const float logit : logits) admitted.push_back(logit == 0.0f);
    CHECK_EQ(any, std::find(admitted.begin(), admitted.end(), 1) != admitted.end());
    return admitted;
}

/** Random answers of every grammar; returns the states that were compared. */
int compare(const llama_vocab * vocab, const std::string & name, int states_a_grammar) {
    const auto trie = std::make_shared<const VocabTrie>(vocab);
    const int32_t n = trie->vocab_size();
    int compared = 0, halves = 0;
    int64_t asked = 0;
    for (const auto & [what, gbnf] : grammars()) {
        const GrammarRules rules = read_rules(vocab, gbnf);
        const auto masks = std::make_shared<GrammarMasks>(trie, *rules);
        std::mt19937 random(5);
        for (int states = 0; states < states_a_grammar;) {
            RunningGrammar answer(*rules, masks);
            for (int length = 0; length < 60 && states < states_a_grammar; ++length, ++states, ++compared) {
                const std::vector<char> admitted = by_walk(answer, n);
                if (admitted != by_llama(answer.state(), n)) {
                    fail(__FILE__, __LINE__, name + ", " + what + ": another mask at token " + std::to_string(length));
                    return compared;
                }
                std::vector<Token> some, cut;
                for (Token token = 0; token < n; ++token) {
                    if (!admitted[static_cast<size_t>(token)] || llama_vocab_is_eog(vocab, token)) continue;
                    some.push_back(token);
                }
                for (const auto & half : trie->halves()) {
                    if (admitted[static_cast<size_t>(half.token)]) cut.push_back(half.token);
                }
                if (some.empty()) break;
                const bool in_two = !cut.empty() && random() % 4 == 0;
                halves += in_two;
                const Token next = in_two ? cut[random() % cut.size()] : some[random() % some.size()];
                CHECK(answer.admits(next));
                answer.accept(next);
            }
        }
        asked += masks->count().asked;
    }
    CHECK_EQ(asked, int64_t{0});
    std::printf("      %s: %d tokens, %d states, %d cut characters\n", name.c_str(), n, compared, halves);
    return compared;
}

}  // namespace

TEST("characters are read as a grammar reads them: no overlong form, no surrogate, the last one cut") {
    Utf8Text text;
    CHECK(text.read("a\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80"));
    CHECK(text.characters == (std::vector<uint32_t>{'a', 0xE9, 0x65E5, 0x1F600}));
    CHECK(text.read("a\xF0\x9F\x98"));
    CHECK(text.characters == std::vector<uint32_t>{'a'});
    CHECK_EQ(text.missing, 1);
    CHECK_EQ(text.bits, uint32_t{0x1F600 >> 6});
    for (const char * wrong : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90", "\xF5", "\xE0\x80", "a\x80", "\xC3z"}) {
        CHECK(!text.read(wrong));
    }
}

TEST("masks are llama.cpp's in 10,000 states") {
    int compared = compare(fleet_model()->vocab(), "the test model", 1350);
    int32_t largest = 0;
    for (const auto & entry : std::filesystem::directory_iterator(std::getenv("BANYAN_TEST_VOCABULARIES"))) {
        if (entry.path().extension() != ".gguf") continue;
        llama_model_params params = llama_model_default_params();
        params.vocab_only = true;
        const Weightless model(llama_model_load_from_file(entry.path().c_str(), params), llama_model_free);
        if (!model) continue;  // of a kind that this llama.cpp does not read any more
        const llama_vocab * vocab = llama_model_get_vocab(model.get());
        if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_WPM) continue;  // of encoders
        const int32_t n = llama_vocab_n_tokens(vocab);
        largest = std::max(largest, n);
        compared += compare(vocab, entry.path().stem().string(), n > 100000 ? 10 : 20);
    }
    CHECK(compared >= 10000);
    CHECK(largest > 150000);
}

TEST("inside of a text an eighth of a large vocabulary is looked at, also where its length is bounded") {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const std::string path = std::string(std::getenv("BANYAN_TEST_VOCABULARIES")) + "/qwen2.gguf";
    const Weightless model(llama_model_load_from_file(path.c_str(), params), llama_model_free);
    CHECK(model != nullptr);
    const llama_vocab * vocab = llama_model_get_vocab(model.get());
    const auto trie = std::make_shared<const VocabTrie>(vocab);
    const auto n_nodes = static_cast<int64_t>(trie->nodes().size());
    for (const char * schema : {R"({"type":"string"})", R"({"type":"string","maxLength":60})"}) {
        const GrammarRules rules = read_rules(vocab, grammar_from_schema(schema));
        const auto masks = std::make_shared<GrammarMasks>(trie, *rules);
        RunningGrammar answer(*rules, masks);
        for (const Token token : common_tokenize(vocab, "\"The ferry", false, true)) answer.accept(token);
        CHECK(by_walk(answer, trie->vocab_size()) == by_llama(answer.state(), trie->vocab_size()));
        std::printf("      %s: %d of %d nodes\n", schema, static_cast<int>(masks->count().nodes),
                    static_cast<int>(n_nodes));
        CHECK(masks->count().nodes * 8 < n_nodes);
    }
}

TEST("at temperature 0 the token is the likeliest of those that llama.cpp admits") {
    const int32_t n = fleet_model()->info().vocab_size;
    std::normal_distribution<float> normal;
    int chosen = 0, refused = 0;
    for (const auto & [what, gbnf] : grammars()) {
        const auto grammar = CompiledGrammar::parse(*fleet_model(), gbnf);
        std::mt19937 random(11);
        for (int answer = 0; answer < 20; ++answer) {
            TokenSampler sampler(fleet_model(), {}, {grammar, nullptr}, false, nullptr, 1 << 20);
            const std::unique_ptr<RunningGrammar> reference = grammar->begin();
            for (int length = 0; length < 40; ++length) {
                std::vector<float> logits(static_cast<size_t>(n));
                for (float & logit : logits) logit = normal(random);
                const std::vector<char> admitted = by_llama(reference->state(), n);
                Token likeliest = -1, free = 0;
                for (Token token = 0; token < n; ++token) {
                    const auto at = static_cast<size_t>(token);
                    if (logits[at] > logits[static_cast<size_t>(free)]) free = token;
                    if (!admitted[at]) continue;
                    if (likeliest < 0 || logits[at] > logits[static_cast<size_t>(likeliest)]) likeliest = token;
                }
                const Token token = sampler.sample(nullptr, 0, logits.data());
                CHECK_EQ(token, likeliest);
                ++chosen;
                refused += token != free;
                if (token < 0 || token != likeliest || fleet_model()->ends_generation(token)) break;
                reference->accept(token);
            }
        }
    }
    CHECK(refused > 500 && chosen - refused > 100);
}

TEST("a grammar of tokens, and one with too many characters to tell apart, are left to llama.cpp") {
    const llama_vocab * vocab = fleet_model()->vocab();
    const auto trie = fleet_model()->texts();
    std::string characters;
    for (uint32_t c = 0x4E00; c < 0x4E00 + 2 * 3000; c += 2) {
        characters += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                       static_cast<char>(0x80 | (c & 0x3F))};
    }
    for (const std::string & gbnf :
         {std::string("root ::= <[20]> \"a\" !<[21]> [a-z]*"), "root ::= [" + characters + "a]+"}) {
        const GrammarRules rules = read_rules(vocab, gbnf);
        const auto masks = std::make_shared<GrammarMasks>(trie, *rules);
        RunningGrammar answer(*rules, masks);
        CHECK(by_walk(answer, trie->vocab_size()) == by_llama(answer.state(), trie->vocab_size()));
        CHECK_EQ(masks->count().asked, int64_t{1});
    }
}

TEST("a grammar that may go on in a hundred thousand ways costs a bounded walk, and the rest is llama.cpp's") {
    std::string gbnf = "root ::= ";
    for (int i = 0; i < 400; ++i) gbnf += "[a-z]? ";
    gbnf += "\nother ::= \"x\"";
    const GrammarRules rules = read_rules(fleet_model()->vocab(), gbnf);
    const auto masks = std::make_shared<GrammarMasks>(fleet_model()->texts(), *rules);
    RunningGrammar answer(*rules, masks);
    std::vector<float> logits(static_cast<size_t>(fleet_model()->info().vocab_size), 0.0f);
    try {
        answer.refuse(logits.data());
    } catch (const std::exception & e) {
        CHECK(std::string(e.what()).find("too many ways") != std::string::npos);
    }
    CHECK_EQ(masks->count().walks, int64_t{1});
}
