#include "runner/masks/vocab-trie.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "common.h"
#include "llama.h"
#include "runner/masks/utf8-text.h"

namespace banyan {

namespace {

struct Text {
    std::string bytes;
    Token token;
};

/** What a grammar reads of each token: up to its first zero byte. Sorted, ends of generation and empty ones left out.
 */
std::vector<Text> texts_of(const llama_vocab * vocab, std::vector<Token> & ends) {
    std::vector<Text> texts;
    const int32_t n = llama_vocab_n_tokens(vocab);
    texts.reserve(static_cast<size_t>(n));
    for (Token token = 0; token < n; ++token) {
        if (llama_vocab_is_eog(vocab, token)) {
            ends.push_back(token);
            continue;
        }
        std::string piece = common_token_to_piece(vocab, token, true);
        piece.resize(std::min(piece.size(), piece.find('\0')));
        if (!piece.empty()) texts.push_back({std::move(piece), token});
    }
    std::sort(texts.begin(), texts.end(), [](const Text & a, const Text & b) { return a.bytes < b.bytes; });
    return texts;
}

}  // namespace

VocabTrie::VocabTrie(const llama_vocab * vocab) : vocab_size_(llama_vocab_n_tokens(vocab)) {
    std::vector<std::pair<int32_t, Half>> halves;  // with their nodes
    std::vector<int32_t> path{0};
    nodes_.push_back({});
    Utf8Text text;
    const auto close_to = [&](size_t depth) {
        for (; path.size() > depth + 1; path.pop_back()) nodes_[path.back()].end = static_cast<int32_t>(nodes_.size());
    };
    for (const auto & [bytes, token] : texts_of(vocab, ends_)) {
        if ((static_cast<unsigned char>(bytes[0]) & 0xC0) == 0x80) {
            tails_.push_back(token);
            continue;
        }
        if (!text.read(bytes)) continue;
        const std::vector<uint32_t> & characters = text.characters;
        size_t shared = 0;
        while (shared < characters.size() && shared + 1 < path.size() &&
               nodes_[path[shared + 1]].character == characters[shared]) {
            ++shared;
        }
        close_to(shared);
        for (; shared < characters.size(); ++shared) {
            path.push_back(static_cast<int32_t>(nodes_.size()));
            nodes_.push_back(
                {characters[shared], static_cast<int32_t>(shared) + 1, 0, static_cast<int32_t>(tokens_.size()), 0, 0});
            depth_ = std::max(depth_, static_cast<int32_t>(shared) + 1);
        }
        if (text.missing > 0) {
            halves.push_back({path.back(), {token, text.bits, text.missing}});
        } else {
            tokens_.push_back(token);
        }
    }
    close_to(0);
    nodes_[0].end = static_cast<int32_t>(nodes_.size());
    nodes_.push_back({0, 0, 0, static_cast<int32_t>(tokens_.size()), 0, 0});

    std::stable_sort(halves.begin(), halves.end(), [](const auto & a, const auto & b) { return a.first < b.first; });
    size_t at = 0;
    for (size_t node = 0; node < nodes_.size(); ++node) {
        nodes_[node].halves = static_cast<int32_t>(at);
        for (; at < halves.size() && halves[at].first == static_cast<int32_t>(node); ++at) {
            halves_.push_back(halves[at].second);
        }
    }
    look_below();
}

/** From the last node to the first: what is below a node comes behind it. */
void VocabTrie::look_below() {
    constexpr int32_t kMany = 8;  // fewer are soon walked
    const size_t n = nodes_.size() - 1;
    std::vector<Below> all(n);
    std::vector<size_t> above(n), path{0};
    for (size_t i = 1; i < n; ++i) {
        path.resize(static_cast<size_t>(nodes_[i].depth));
        above[i] = path.back();
        path.push_back(i);
    }
    for (size_t i = n; i-- > 1;) {
        Below with = all[i];  // this node and what is below it
        with.kinds |= kinds_of(nodes_[i].character, nodes_[i].character);
        for (int32_t half = nodes_[i].halves; half < nodes_[i + 1].halves; ++half) {
            const Half & cut = halves_[static_cast<size_t>(half)];
            const CharacterRange range = completions(cut.bits, cut.missing);
            with.kinds |= kinds_of(range.low, range.high);
            with.deep = std::max(with.deep, 1);
        }
        Below & to = all[above[i]];
        to.kinds |= with.kinds;
        to.deep = std::max(to.deep, with.deep + 1);
    }
    below_.assign(1, {});
    for (size_t i = 0; i < n; ++i) {
        if (nodes_[i].end - static_cast<int32_t>(i) <= kMany) continue;
        nodes_[i].below = static_cast<int32_t>(below_.size());
        below_.push_back(all[i]);
    }
}

bool VocabTrie::continues(const std::string & text) const {
    Utf8Text read;
    if (!read.read(text)) return false;
    size_t at = 0;
    for (const uint32_t character : read.characters) {
        const auto end = static_cast<size_t>(nodes_[at].end);
        size_t child = at + 1;
        while (child < end && nodes_[child].character != character) child = static_cast<size_t>(nodes_[child].end);
        if (child >= end) return false;
        at = child;
    }
    const Node &node = nodes_[at], &next = nodes_[at + 1];
    return static_cast<size_t>(node.end) > at + 1 || next.halves > node.halves;
}

}  // namespace banyan
