#include "runner/masks/grammar-masks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "llama-grammar.h"

namespace banyan {

namespace {

/** A few milliseconds. A grammar of hundreds of ways takes a tenth of it. */
constexpr int64_t kMostWork = 100000;
/** To find out which characters lead the same way: what it takes is missing nowhere. */
constexpr int64_t kMostAhead = 30000;
/** Characters that are looked ahead, each from another place; of a text of any length it is one place. */
constexpr int32_t kLongestWay = 24;
/** Of a forced run: a tenth of a millisecond. */
constexpr int64_t kMostForcedWork = 4000;
/** Of one grammar's places and masks; then all are forgotten. */
constexpr size_t kMostBytes = 8 << 20;

/** Of these tokens only, asked of llama.cpp. */
bool ask(const llama_grammar & copy, const std::vector<Token> & tokens, float * logits) {
    std::vector<llama_token_data> all;
    all.reserve(tokens.size());
    for (const Token token : tokens) all.push_back({token, logits[token], 0.0f});
    llama_token_data_array candidates{all.data(), all.size(), -1, false};
    llama_grammar_apply_impl(copy, &candidates);
    bool any = false;
    for (const llama_token_data & one : all) {
        logits[one.id] = one.logit;
        any = any || !(one.logit <= -INFINITY);
    }
    return any;
}

bool keep(const std::vector<uint64_t> & mask, int32_t n, float * logits) {
    bool any = false;
    for (int32_t from = 0; from < n; from += 64) {
        const uint64_t bits = mask[static_cast<size_t>(from) / 64];
        const int32_t end = std::min(n, from + 64);
        if (any && bits == ~uint64_t{0}) continue;
        if (bits == 0) {
            std::fill(logits + from, logits + end, -INFINITY);
            continue;
        }
        for (int32_t token = from; token < end; ++token) {
            if (!(bits >> (token - from) & 1)) {
                logits[token] = -INFINITY;
            } else if (!(logits[token] <= -INFINITY)) {
                any = true;
            }
        }
    }
    return any;
}

}  // namespace

GrammarMasks::GrammarMasks(std::shared_ptr<const VocabTrie> trie, const llama_grammar & grammar)
    : trie_(std::move(trie)), places_(grammar) {}

bool GrammarMasks::refuse(const llama_grammar & copy, const ElementNumbers & numbers, float * logits) {
    if (copy.awaiting_trigger) return true;
    const int32_t n = trie_->vocab_size();
    if (copy.partial_utf8.n_remain > 0) {  // only what goes on inside the character
        std::vector<float> kept;
        for (const Token token : trie_->tails()) kept.push_back(logits[token]);
        std::fill_n(logits, n, -INFINITY);
        for (size_t i = 0; i < kept.size(); ++i) logits[trie_->tails()[i]] = kept[i];
        return ask(copy, trie_->tails(), logits);
    }
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        make_room();
        places_.set_work(kMostWork + kMostAhead);
        if (const Mask * mask = mask_at(places_.of(copy, numbers))) return keep(*mask, n, logits);
        ++count_.asked;
    }
    std::vector<Token> all(static_cast<size_t>(n));
    for (Token token = 0; token < n; ++token) all[static_cast<size_t>(token)] = token;
    return ask(copy, all, logits);
}

void GrammarMasks::make_room() {
    const size_t mask = static_cast<size_t>(trie_->vocab_size()) / 8 + 64;
    if (places_.bytes() + masks_.size() * mask <= kMostBytes) return;
    masks_.clear();
    places_.clear();
}

std::string GrammarMasks::forced(const llama_grammar & copy, const ElementNumbers & numbers, const BlankStyle & style,
                                 bool guess) {
    if (copy.awaiting_trigger || copy.partial_utf8.n_remain > 0) return "";
    const std::lock_guard<std::mutex> lock(mutex_);
    make_room();
    places_.set_work(kMostForcedWork);
    const int32_t place = places_.of(copy, numbers);
    return place == GrammarPlaces::kUnknown ? "" : forced_run(places_, place, style, guess);
}

/** nullptr: it takes too long to find out. */
const GrammarMasks::Mask * GrammarMasks::mask_at(int32_t place) {
    if (place == GrammarPlaces::kUnknown) return nullptr;
    const auto known = masks_.find(place);
    if (known != masks_.end()) return known->second.empty() ? nullptr : &known->second;
    Mask mask((static_cast<size_t>(trie_->vocab_size()) + 63) / 64);
    ++count_.walks;
    if (!walk(place, mask)) mask.clear();  // nor will it take less the next time
    const Mask & made = masks_[place] = std::move(mask);
    return made.empty() ? nullptr : &made;
}

/** Everything below a node may come, since all its characters lead the same way. False: not, or not as easily told. */
bool GrammarMasks::admits_all(int32_t place, const VocabTrie::Below & below) {
    const int32_t n = std::min(below.deep, kLongestWay);
    for (int32_t i = 0; i < n; ++i) {
        const GrammarPlaces::Alike alike = places_.alike(place, kMostWork);
        if ((below.kinds & ~alike.kinds) != 0) return false;
        if (alike.next == place) return true;  // as inside of a text
        place = alike.next;
    }
    return n == below.deep;
}

bool GrammarMasks::walk(int32_t from, Mask & mask) {
    const auto admit = [&](Token token) { mask[static_cast<size_t>(token) / 64] |= uint64_t{1} << (token % 64); };
    const std::vector<VocabTrie::Node> & nodes = trie_->nodes();
    const auto n = static_cast<int32_t>(nodes.size()) - 1;
    std::vector<int32_t> places(static_cast<size_t>(trie_->depth()) + 1);  // by depth
    places[0] = from;
    for (int32_t at = 0; at < n;) {
        const VocabTrie::Node & node = nodes[static_cast<size_t>(at)];
        const int32_t place =
            at == 0 ? from : places_.next(places[static_cast<size_t>(node.depth) - 1], node.character);
        if (place == GrammarPlaces::kUnknown) return false;
        if (place == GrammarPlaces::kNowhere) {
            at = node.end;
            continue;
        }
        ++count_.nodes;
        places[static_cast<size_t>(node.depth)] = place;
        const int32_t own_halves = nodes[static_cast<size_t>(at) + 1].halves;
        const bool all = node.below > 0 && admits_all(place, trie_->below()[static_cast<size_t>(node.below)]);
        at = all ? node.end : at + 1;
        const VocabTrie::Node & next = nodes[static_cast<size_t>(at)];
        for (int32_t i = node.tokens; i < next.tokens; ++i) admit(trie_->tokens()[static_cast<size_t>(i)]);
        for (int32_t i = node.halves; i < next.halves; ++i) {
            const VocabTrie::Half & half = trie_->halves()[static_cast<size_t>(i)];
            if (i >= own_halves || places_.may_begin(place, half.bits, half.missing)) admit(half.token);
        }
    }
    if (places_.complete(from)) {
        for (const Token token : trie_->ends()) admit(token);
    }
    return true;
}

GrammarMasks::Count GrammarMasks::count() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return count_;
}

}  // namespace banyan
