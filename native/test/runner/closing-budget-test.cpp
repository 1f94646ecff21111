// Answers of random tokens under a grammar: whole within any number of tokens that a whole one fits in, and as they
// were when there are tokens enough.
#include "runner/constraints/closing-budget.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "check.h"
#include "llama-grammar.h"
#include "llama.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/fleet.h"
#include "runner/grammars/grammar.h"
#include "runner/masks/running-grammar.h"

using namespace banyan;
using namespace banyan::test;

namespace {

struct Example {
    const char * name;
    std::string gbnf;
    int shortest;  // bytes of the shortest whole answer
};

std::vector<Example> examples() {
    return {
        {"literal", R"(root ::= "yes" | "perhaps")", 3},
        {"two bytes a character", R"(root ::= "é" [à-ï]+ "ü")", 6},
        {"four bytes a character", R"(root ::= ("😀" | "ab😀😀" )+ "!")", 5},
        {"a long way behind a short one", R"(root ::= ("x" | "{" [a-z]{100} "}")* ".")", 1},
        {"sentences", R"(root ::= ([A-Z] [^.A-Z]{3,} ".")+)", 5},
        {"recursion", R"g(root ::= "(" root ")" | "[" root root "]" | "a")g", 1},
        {"any", R"(root ::= .{5,} "\n")", 6},
        {"any JSON", grammar_from_schema("{}"), 1},
        {"constant", grammar_from_schema(R"({"const": {"a": [1, "é"]}})"), 14},
        {"nested objects",
         grammar_from_schema(
             R"({"type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
            "a": {"type": "object", "required": ["c"], "properties": {"c": {"type": "integer"}}},
            "b": {"enum": ["red", "green"]}, "d": {"type": "string"}}})"),
         0},
        {"a list",
         grammar_from_schema(R"({"type": "array", "minItems": 3, "items": {"type": "string", "minLength": 4}})"), 0},
        {"a tree", grammar_from_schema(R"({"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "required": ["v"],
            "properties": {"v": {"type": "number"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}}})"),
         0},
    };
}

struct Answer {
    std::vector<Token> tokens;
    std::string text;
    bool ended = false;  // by an end token
    bool whole = false;
};

/** Tokens from random logits; `eager` is added to the end tokens' logits. max_tokens < 0: no budget, 400 tokens. */
Answer answer_of(const CompiledGrammar & grammar, int max_tokens, uint32_t seed, float eager) {
    const auto model = fleet_model();
    const int n_vocab = model->info().vocab_size;
    const std::unique_ptr<RunningGrammar> running = grammar.begin();
    llama_grammar & state = running->state();
    const bool bounded = max_tokens >= 0;
    ClosingBudget budget(model, grammar.completion(), *running, bounded ? max_tokens : 1 << 20);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> logits(static_cast<size_t>(n_vocab));
    Answer answer;
    while (static_cast<int>(answer.tokens.size()) < (bounded ? max_tokens : 400)) {
        for (float & logit : logits) logit = normal(random);
        for (const Token token : model->end_tokens()) logits[static_cast<size_t>(token)] += eager;
        std::vector<llama_token_data> all;
        for (Token token = 0; token < n_vocab; ++token) all.push_back({token, logits[static_cast<size_t>(token)], 0});
        llama_token_data_array candidates{all.data(), all.size(), -1, false};
        llama_grammar_apply_impl(state, &candidates);
        const auto best =
            std::max_element(all.begin(), all.end(), [](const auto & a, const auto & b) { return a.logit < b.logit; });
        Token token = best->logit == -INFINITY ? -1 : best->id;
        if (bounded && token >= 0 && !budget.allows(token)) token = budget.instead_of(token, logits.data());
        answer.ended = token < 0 || model->ends_generation(token);
        if (answer.ended) break;
        llama_grammar_accept_impl(state, token);
        budget.accept(token);
        answer.tokens.push_back(token);
        answer.text += model->piece(token, true);
    }
    answer.whole = budget.whole();
    return answer;
}

/** By the grammar alone, read from the beginning. */
bool is_whole(const CompiledGrammar & grammar, const std::string & text) {
    const std::unique_ptr<RunningGrammar> running = grammar.begin();
    llama_grammar & state = running->state();
    llama_grammar_accept_str(state, text);
    return state.partial_utf8.n_remain == 0 &&
           std::any_of(state.stacks.begin(), state.stacks.end(), [](const auto & stack) { return stack.empty(); });
}

/** Bytes of the shortest whole answer, by the beginning of the grammar. */
int shortest(const CompiledGrammar & grammar) {
    int least = CompletionCost::kNever;
    for (const auto & stack : grammar.rules().stacks) {
        int cost = 0;
        for (const auto * at : stack) cost = CompletionCost::sum(cost, grammar.completion()->rest(at));
        least = std::min(least, cost);
    }
    return least;
}

}  // namespace

TEST("the shortest answer of a grammar is found") {
    for (const Example & example : examples()) {
        const auto grammar = CompiledGrammar::parse(*fleet_model(), example.gbnf);
        if (example.shortest > 0) CHECK_EQ(shortest(*grammar), example.shortest);
        CHECK(shortest(*grammar) < 60);
    }
    const auto endless = CompiledGrammar::parse(*fleet_model(), R"(root ::= "a" root)");
    CHECK_EQ(shortest(*endless), CompletionCost::kNever);
}

TEST("an answer is whole wherever a whole one fits, and never longer than its tokens") {
    int steered = 0;
    for (const Example & example : examples()) {
        const auto grammar = CompiledGrammar::parse(*fleet_model(), example.gbnf);
        const int least = shortest(*grammar);
        for (int max_tokens = least; max_tokens < least + 48; max_tokens += max_tokens < least + 8 ? 1 : 7) {
            for (uint32_t seed = 0; seed < 6; ++seed) {
                const Answer answer = answer_of(*grammar, max_tokens, seed, seed % 2 ? -20.0f : 0.0f);
                CHECK(static_cast<int>(answer.tokens.size()) <= max_tokens);
                if (!is_whole(*grammar, answer.text)) {
                    fail(__FILE__, __LINE__,
                         std::string(example.name) + " in " + std::to_string(max_tokens) + ": " + answer.text);
                }
                steered += !answer.ended && answer.whole ? 1 : 0;
            }
        }
    }
    CHECK(steered > 100);
}

TEST("an answer that cannot fit is cut, and no whole one") {
    const auto grammar = CompiledGrammar::parse(*fleet_model(), R"g(root ::= "(" [0-9] [A-Z] "!" [a-z]* ")")g");
    for (uint32_t seed = 0; seed < 20; ++seed) {
        const Answer answer = answer_of(*grammar, 1, seed, 0.0f);
        CHECK_EQ(answer.tokens.size(), size_t{1});
        CHECK(!answer.whole);
    }
}

TEST("a grammar that may end anywhere is cut as ever") {
    const auto grammar = CompiledGrammar::parse(*fleet_model(), "root ::= [a-z ]*");
    for (uint32_t seed = 0; seed < 20; ++seed) {
        const Answer answer = answer_of(*grammar, 9, seed, -20.0f);
        CHECK_EQ(answer.tokens.size(), size_t{9});
        CHECK(!answer.whole);
        const auto longer = answer_of(*grammar, 12, seed, -20.0f).tokens;
        CHECK(std::equal(answer.tokens.begin(), answer.tokens.end(), longer.begin()));
    }
}

TEST("an answer with tokens enough is what it was") {
    int compared = 0;
    for (const Example & example : examples()) {
        const auto grammar = CompiledGrammar::parse(*fleet_model(), example.gbnf);
        for (uint32_t seed = 0; seed < 8; ++seed) {
            const Answer free = answer_of(*grammar, -1, seed, 4.0f);
            if (!free.ended) continue;
            ++compared;
            CHECK(answer_of(*grammar, 2000, seed, 4.0f).tokens == free.tokens);
        }
    }
    CHECK(compared > 20);
}
