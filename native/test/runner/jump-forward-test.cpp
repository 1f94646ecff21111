// What a grammar leaves no choice about: found in bytes, blanks as the answer has them, tokens as the model writes
// them.
#include "runner/constraints/jump-forward.h"
#include "check.h"
#include "llama-grammar.h"
#include "llama.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/fleet.h"
#include "runner/grammars/grammar.h"
#include "runner/masks/running-grammar.h"
#include "runner/masks/vocab-trie.h"

using namespace banyan;
using namespace banyan::test;

namespace {

struct Answer {
    explicit Answer(const std::string & gbnf)
        : compiled(CompiledGrammar::parse(*fleet_model(), gbnf)), grammar(compiled->begin()) {}

    /** The model writes this, in tokens of its own. */
    Answer & write(const std::string & text) {
        for (const Token token : fleet_model()->tokenize(text, false, true)) {
            CHECK(grammar->admits(token));
            grammar->accept(token);
            said.push_back(token);
        }
        style.read(text);
        return *this;
    }
    std::string run(bool guess) const { return grammar->forced(style, guess); }
    ForcedTokens tokens(bool guess) const {
        const std::vector<Token> last(said.end() - std::min<ptrdiff_t>(2, static_cast<ptrdiff_t>(said.size())),
                                      said.end());
        return forced_tokens({*fleet_model(), *grammar, style, last, [](Token) { return false; }}, guess);
    }

    std::shared_ptr<const CompiledGrammar> compiled;
    std::unique_ptr<RunningGrammar> grammar;
    BlankStyle style;
    std::vector<Token> said;
};

std::string text_of(const std::vector<Token> & tokens) {
    return fleet_model()->detokenize(tokens.data(), tokens.size(), true);
}

const std::string & person() {
    static const std::string gbnf = grammar_from_schema(R"({"type":"object","additionalProperties":false,
        "required":["name","home town","colour"],"properties":{"name":{"type":"string"},
        "home town":{"type":"string"},"colour":{"enum":["green","red"]}}})");
    return gbnf;
}

}  // namespace

TEST("a run goes as far as one character alone may follow: choices, ends and texts stop it") {
    CHECK_EQ(Answer(R"(root ::= "abc" ("d" | "e") "f")").run(false), "abc");
    CHECK_EQ(Answer(R"(root ::= "abc" ("d" | "e") "f")").write("abcd").run(false), "f");
    CHECK_EQ(Answer(R"(root ::= "abc" ("de" | "df") "g")").run(false), "abcd");
    CHECK_EQ(Answer(R"(root ::= "ab" "c"?)").run(false), "ab");  // it may end there
    CHECK_EQ(Answer(R"(root ::= "a" [bc] "d")").run(false), "a");
    CHECK_EQ(Answer(R"(root ::= "a" [^b] "d")").run(false), "a");
    CHECK_EQ(Answer(R"(root ::= "a" . "d")").run(false), "a");
    CHECK_EQ(Answer("root ::= \"é日😀 x\"").run(false), "é日😀 x");
    CHECK_EQ(Answer("root ::= \"" + std::string(1000, 'a') + "\"").run(false).size(), kMostForced);
}

TEST("blanks between marks are as the answer has written them, or a guess") {
    CHECK_EQ(Answer(person()).run(false), "{");
    CHECK_EQ(Answer(person()).run(true), R"({"name": ")");
    // After `{"` nothing is known of what stands behind a colon.
    CHECK_EQ(Answer(person()).write("{\"").run(false), "name\"");
    const std::string tight = R"({"name":"A",)", loose = R"({"name" : "A", )", lines = "{\n  \"name\": \"A\",\n  ";
    CHECK_EQ(Answer(person()).write(tight + "\"").run(false), R"(home town":")");
    CHECK_EQ(Answer(person()).write(loose + "\"").run(false), R"(home town" : ")");
    CHECK_EQ(Answer(person()).write(lines).run(false), "");  // it may go on with more blanks, as far as is known
    CHECK_EQ(Answer(person()).write(lines + R"("home town": "B",)").run(false), "\n  \"colour\": \"");
    // The brackets inside a text are no marks.
    CHECK_EQ(Answer(person()).write(R"({"name": "{ :  ,", ")").run(false), R"(home town": ")");
    CHECK_EQ(Answer(person()).write(R"({"name": "A", "home town": "B", "colour": "r)").run(false), "ed\"");
    CHECK_EQ(Answer(person()).write(R"({"name": "A", "home town": "B", "colour": "r)").run(true), "ed\"}");
}

TEST("tokens of a run are those that the model writes; at its end none that could be longer is sure") {
    int forced = 0;
    const std::string whole = R"({"name": "Ann", "home town": "Oslo", "colour": "green"})";
    const std::vector<Token> all = fleet_model()->tokenize(whole, false, true);
    for (size_t n = 1; n < all.size(); ++n) {
        Answer answer(person());
        for (size_t i = 0; i < n; ++i) {
            answer.grammar->accept(all[i]);
            answer.style.read(fleet_model()->piece(all[i], true));
            answer.said.push_back(all[i]);
        }
        const ForcedTokens sure = answer.tokens(false), likely = answer.tokens(true);
        CHECK_EQ(sure.tokens.size(), sure.n_sure);
        CHECK(likely.n_sure <= likely.tokens.size());
        forced += static_cast<int>(sure.n_sure);
        for (size_t i = 0; i < sure.n_sure; ++i) CHECK(n + i < all.size() && sure.tokens[i] == all[n + i]);
        for (const Token token : sure.tokens) {
            CHECK(answer.grammar->admits(token));
            answer.grammar->accept(token);
        }
    }
    CHECK(forced > 5);
    // Written in other tokens than the model would: they do not come out the same, and nothing is sure.
    Answer bytes(R"(root ::= "hello hello")");
    const Token h = fleet_model()->byte_tokens()['h'];
    if (fleet_model()->tokenize("hello hello", false, true).front() != h) {
        bytes.grammar->accept(h);
        bytes.said.push_back(h);
        CHECK(bytes.tokens(false).tokens.empty());
        CHECK_EQ(text_of(bytes.tokens(true).tokens), "ello hello");
    }
}

TEST("a text continues where some token begins with it and is longer") {
    const auto texts = fleet_model()->texts();
    int longer = 0;
    for (Token token = 0; token < fleet_model()->info().vocab_size; ++token) {
        const std::string piece = fleet_model()->piece(token, true);
        if (piece.size() < 2 || static_cast<unsigned char>(piece[0]) >= 0x80 || fleet_model()->ends_generation(token)) {
            continue;
        }
        CHECK(texts->continues(piece.substr(0, 1)));
        ++longer;
    }
    CHECK(longer > 100);
    CHECK(!texts->continues("no token is as long as this one, nor begins with it"));
    CHECK(!texts->continues("\xFF"));
}
