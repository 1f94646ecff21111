#include "runner/constraints/completion-cost.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "llama-grammar.h"
#include "runner/model.h"

namespace banyan {

namespace {

bool ends_sequence(const llama_grammar_element * at) {
    return at->type == LLAMA_GRETYPE_END || at->type == LLAMA_GRETYPE_ALT;
}

/** Behind the element: a class of characters takes several. */
const llama_grammar_element * behind(const llama_grammar_element * at) {
    do ++at;
    while (at->type == LLAMA_GRETYPE_CHAR_RNG_UPPER || at->type == LLAMA_GRETYPE_CHAR_ALT);
    return at;
}

std::vector<std::pair<uint32_t, uint32_t>> ranges_of(const llama_grammar_element * from) {
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    const llama_grammar_element * const end = behind(from);
    for (const llama_grammar_element * at = from; at != end; ++at) {
        if (at->type == LLAMA_GRETYPE_CHAR_RNG_UPPER) {
            ranges.back().second = at->value;
        } else {
            ranges.emplace_back(at->value, at->value);
        }
    }
    return ranges;
}

/** One alternative of a rule. */
struct Sequence {
    uint32_t rule;
    int32_t cost = 0;     // of what is known
    int32_t missing = 0;  // references to rules that are not known yet
};

}  // namespace

CompletionCost::CompletionCost(const Model & model, const llama_grammar & grammar) : has_token_(256, false) {
    for (const Token token : model.byte_tokens()) {
        if (token >= 0) has_token_[static_cast<unsigned char>(model.piece(token, true)[0])] = true;
    }
    solve(grammar);
}

/** Knuth's form of Dijkstra: the cheapest alternative whose rules are all known makes its own rule known. */
void CompletionCost::solve(const llama_grammar & grammar) {
    const llama_grammar_rules & rules = grammar.rules;
    rules_.assign(rules.size(), kNever);
    std::vector<Sequence> sequences;
    std::vector<std::vector<size_t>> uses(rules.size());  // sequences, once for each reference in them
    using Known = std::pair<int32_t, size_t>;             // cost, sequence
    std::priority_queue<Known, std::vector<Known>, std::greater<>> known;
    for (uint32_t rule = 0; rule < rules.size(); ++rule) {
        if (rules[rule].empty()) continue;
        for (const llama_grammar_element * at = rules[rule].data();; ++at) {
            Sequence sequence{rule};
            for (; !ends_sequence(at); at = behind(at)) {
                if (at->type == LLAMA_GRETYPE_RULE_REF) {
                    uses[at->value].push_back(sequences.size());
                    ++sequence.missing;
                } else {
                    sequence.cost = sum(sequence.cost, of_character(at));
                }
            }
            if (sequence.missing == 0) known.emplace(sequence.cost, sequences.size());
            sequences.push_back(sequence);
            if (at->type == LLAMA_GRETYPE_END) break;
        }
    }
    while (!known.empty()) {
        const auto [cost, index] = known.top();
        known.pop();
        const uint32_t rule = sequences[index].rule;
        if (cost >= rules_[rule]) continue;
        rules_[rule] = cost;
        for (const size_t use : uses[rule]) {
            sequences[use].cost = sum(sequences[use].cost, cost);
            if (--sequences[use].missing == 0) known.emplace(sequences[use].cost, use);
        }
    }
    std::vector<int32_t> longest = rules_;
    for (const Sequence & sequence : sequences) {
        int32_t & most = longest[sequence.rule];
        most = std::max(most, sequence.missing > 0 ? kNever : sequence.cost);
    }
    for (size_t rule = 0; rule < rules.size(); ++rule) growth_ = sum(growth_, longest[rule] - rules_[rule]);
}

int32_t CompletionCost::rest(const llama_grammar_element * from) const {
    int32_t cost = 0;
    for (; !ends_sequence(from); from = behind(from)) {
        cost = sum(cost, from->type == LLAMA_GRETYPE_RULE_REF ? rules_[from->value] : of_character(from));
    }
    return cost;
}

int32_t CompletionCost::rest_behind(const llama_grammar_element * element) const {
    return rest(behind(element));
}

/** Of the cheapest character that may stand here; a token that is named as such is one. */
int32_t CompletionCost::of_character(const llama_grammar_element * from) const {
    if (from->type == LLAMA_GRETYPE_TOKEN || from->type == LLAMA_GRETYPE_TOKEN_NOT) return 1;
    if (from->type == LLAMA_GRETYPE_CHAR_ANY) return of_code_point('a');
    const auto ranges = ranges_of(from);
    int32_t least = kNever;
    if (from->type == LLAMA_GRETYPE_CHAR_NOT) {
        const auto excluded = [&](uint32_t c) {
            return std::any_of(ranges.begin(), ranges.end(),
                               [c](const auto & range) { return range.first <= c && c <= range.second; });
        };
        for (uint32_t c = 1; c < 0x800 && least > 1; ++c) {
            if (!excluded(c)) least = std::min(least, of_code_point(c));
        }
        return least;
    }
    for (const auto & [low, high] : ranges) {
        for (uint32_t c = std::max(low, 1u); c <= std::min(high, 0x7Fu) && least > 1; ++c) {
            least = std::min(least, of_code_point(c));
        }
        // Of longer characters only the first of each length.
        for (const uint32_t first : {0x80u, 0x800u, 0xE000u, 0x10000u}) {
            const uint32_t c = std::max(low, first);
            if (c <= high && least > 1) least = std::min(least, of_code_point(c));
        }
    }
    return least;
}

int32_t CompletionCost::of_code_point(uint32_t c) const {
    const auto all = [&](std::initializer_list<uint32_t> bytes) {
        for (const uint32_t byte : bytes) {
            if (!has_token_[byte & 0xFF]) return kNever;
        }
        return static_cast<int32_t>(bytes.size());
    };
    const auto tail = [c](int shift) { return 0x80 | ((c >> shift) & 0x3F); };
    if (c == 0 || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) return kNever;
    if (c < 0x80) return all({c});
    if (c < 0x800) return all({0xC0 | (c >> 6), tail(0)});
    if (c < 0x10000) return all({0xE0 | (c >> 12), tail(6), tail(0)});
    return all({0xF0 | (c >> 18), tail(12), tail(6), tail(0)});
}

}  // namespace banyan
