#include "runner/grammar-walk.h"

#define BANYAN_TEST_NO_MAIN
#include <algorithm>
#include <memory>
#include <vector>

#include "check.h"
#include "llama-grammar.h"
#include "runner/constraints/completion-cost.h"
#include "runner/masks/running-grammar.h"
#include "unicode.h"

namespace banyan::test {

namespace {

constexpr uint32_t kAny[] = {'a', 'Z', '0', ' ',  '\n', '<', '>', '/', '|',  '{',    '}',
                             '[', ']', '"', '\\', '\'', ',', ':', '_', 0xE9, 0x65E5, 0x1F642};

const llama_grammar_element * behind(const llama_grammar_element * at) {
    do ++at;
    while (at->type == LLAMA_GRETYPE_CHAR_RNG_UPPER || at->type == LLAMA_GRETYPE_CHAR_ALT);
    return at;
}

/** Some of the characters that an element admits. */
std::vector<uint32_t> characters(const llama_grammar_element * from, std::mt19937 & random) {
    std::vector<uint32_t> some;
    if (from->type == LLAMA_GRETYPE_CHAR_ANY) some.assign(std::begin(kAny), std::end(kAny));
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    for (const llama_grammar_element * at = from; at != behind(from); ++at) {
        if (at->type == LLAMA_GRETYPE_CHAR_RNG_UPPER)
            ranges.back().second = at->value;
        else
            ranges.emplace_back(at->value, at->value);
    }
    if (from->type == LLAMA_GRETYPE_CHAR_NOT) {
        for (const uint32_t c : kAny) {
            const auto within = [c](const auto & range) { return range.first <= c && c <= range.second; };
            if (std::none_of(ranges.begin(), ranges.end(), within)) some.push_back(c);
        }
    } else if (from->type == LLAMA_GRETYPE_CHAR) {
        for (const auto & [low, high] : ranges) some.push_back(low + random() % (high - low + 1));
    }
    return some;
}

bool in_prose(const llama_grammar_stack & stack) {
    if (stack.empty()) return false;
    return stack.back()->type == LLAMA_GRETYPE_CHAR_NOT || stack.back()->type == LLAMA_GRETYPE_CHAR_ANY;
}

bool complete(const llama_grammar_stacks & stacks) {
    return std::any_of(stacks.begin(), stacks.end(), [](const auto & stack) { return stack.empty(); });
}

int32_t left(const CompletionCost & cost, const llama_grammar_stacks & stacks) {
    int32_t least = CompletionCost::kNever;
    for (const auto & stack : stacks) {
        int32_t all = 0;
        for (const llama_grammar_element * at : stack) all = CompletionCost::sum(all, cost.rest(at));
        least = std::min(least, all);
    }
    return least;
}

}  // namespace

std::string walk(const CompiledGrammar & grammar, std::mt19937 & random, int free) {
    constexpr int kLongest = 20000;
    const std::unique_ptr<RunningGrammar> running = grammar.begin();
    llama_grammar & state = running->state();
    const CompletionCost & cost = *grammar.completion();
    std::string text;
    for (int n = 0; n < kLongest; ++n) {
        std::vector<uint32_t> next;
        for (const auto & stack : state.stacks) {
            if (stack.empty()) continue;
            for (const uint32_t c : characters(stack.back(), random)) next.push_back(c);
        }
        if (complete(state.stacks) && (next.empty() || n >= 4 * free + 800 || random() % 4 == 0)) return text;
        if (next.empty()) break;
        uint32_t chosen = next[random() % next.size()];
        const bool prose = std::any_of(state.stacks.begin(), state.stacks.end(), in_prose);
        if (n >= 4 * free + 800 || (n >= free && prose)) {
            const llama_grammar_stacks before = state.stacks;
            int32_t least = CompletionCost::kNever;
            for (const uint32_t c : next) {
                llama_grammar_accept(&state, c);
                const int32_t now = left(cost, state.stacks);
                if (now < least) chosen = c;
                least = std::min(least, now);
                state.stacks = before;
            }
        }
        llama_grammar_accept(&state, chosen);
        text += unicode_cpt_to_utf8(chosen);
    }
    fail(__FILE__, __LINE__, "no way to an end from: " + text.substr(0, 2000));
    return text;
}

bool admits(const CompiledGrammar & grammar, const std::string & text) {
    const std::unique_ptr<RunningGrammar> running = grammar.begin();
    llama_grammar & state = running->state();
    try {
        llama_grammar_accept_str(state, text);
    } catch (const std::exception &) {
        return false;
    }
    return state.partial_utf8.n_remain == 0 && complete(state.stacks);
}

}  // namespace banyan::test
