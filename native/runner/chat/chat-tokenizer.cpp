#include "runner/chat/chat-tokenizer.h"

#include <algorithm>
#include <cctype>

#include "llama.h"
#include "runner/model.h"

namespace banyan {

namespace {

bool overlap(const TextSpan & a, const TextSpan & b) {
    return a.begin < b.end && b.begin < a.end;
}

/** Whether `span` touches one of `spans`, which are ascending and disjoint. */
bool touches(const TextSpan & span, const std::vector<TextSpan> & spans) {
    const auto after = [](size_t begin, const TextSpan & s) { return begin < s.end; };
    const auto next = std::upper_bound(spans.begin(), spans.end(), span.begin, after);
    return next != spans.end() && overlap(span, *next);
}

}  // namespace

ChatTokenizer::ChatTokenizer(std::shared_ptr<const Model> model) : model_(std::move(model)), by_first_byte_(256) {
    // The kinds that llama_tokenize recognises with parse_special alone. User-defined ones are words of the vocabulary.
    constexpr int kSpecial = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN;
    for (Token token = 0; token < model_->info().vocab_size; ++token) {
        const int attributes = llama_vocab_get_attr(model_->vocab(), token);
        if (!(attributes & kSpecial)) continue;
        const std::string text = llama_vocab_get_text(model_->vocab(), token);
        if (text.empty()) continue;
        longest_ = std::max(longest_, text.size());
        by_first_byte_[static_cast<uint8_t>(text[0])].push_back({text, (attributes & LLAMA_TOKEN_ATTR_RSTRIP) != 0});
    }
}

void ChatTokenizer::find(const std::string & text, size_t begin, size_t end, std::vector<Match> & out) const {
    for (size_t at = begin; at < std::min(end, text.size()); ++at) {
        for (const Special & special : by_first_byte_[static_cast<uint8_t>(text[at])]) {
            if (text.compare(at, special.text.size(), special.text) == 0) {
                out.push_back({{at, at + special.text.size()}, special.strips_right});
            }
        }
    }
}

std::vector<TextSpan> ChatTokenizer::literal(const std::string & text, const std::vector<TextSpan> & input) const {
    std::vector<TextSpan> out;
    std::vector<Match> matches;
    for (const TextSpan & span : input) {
        matches.clear();
        find(text, span.begin - std::min(span.begin, longest_), span.end, matches);
        const auto inside = [&](const Match & match) { return overlap(match.span, span); };
        if (std::any_of(matches.begin(), matches.end(), inside)) out.push_back(span);
    }
    return out;
}

std::vector<ChatTokenizer::Match> ChatTokenizer::real_specials(const std::string & text,
                                                               const std::vector<TextSpan> & literal) const {
    std::vector<Match> matches;
    find(text, 0, text.size(), matches);
    const auto untrue = [&](const Match & match) { return touches(match.span, literal); };
    matches.erase(std::remove_if(matches.begin(), matches.end(), untrue), matches.end());
    // As llama_tokenize does it: longer ones first.
    std::stable_sort(matches.begin(), matches.end(), [](const Match & a, const Match & b) {
        return a.span.end - a.span.begin > b.span.end - b.span.begin;
    });
    const auto earlier = [](const Match & a, const Match & b) { return a.span.begin < b.span.begin; };
    std::vector<Match> taken;  // ascending
    for (const Match & match : matches) {
        const auto next = std::upper_bound(taken.begin(), taken.end(), match, earlier);
        const bool free = (next == taken.end() || !overlap(next->span, match.span)) &&
                          (next == taken.begin() || !overlap((next - 1)->span, match.span));
        if (free) taken.insert(next, match);
    }
    return taken;
}

std::vector<Token> ChatTokenizer::tokenize(const std::string & text, const std::vector<TextSpan> & literal,
                                           bool add_special) const {
    if (literal.empty()) return model_->tokenize(text, add_special, true);
    const llama_vocab * vocab = model_->vocab();
    std::vector<Token> out;
    const auto append = [&](size_t begin, size_t end, bool parse_special) {
        if (begin == end) return;
        const std::vector<Token> tokens = model_->tokenize(text.substr(begin, end - begin), false, parse_special);
        out.insert(out.end(), tokens.begin(), tokens.end());
    };
    if (add_special && llama_vocab_get_add_bos(vocab)) out.push_back(llama_vocab_bos(vocab));
    //  text    ...<a>....<b>...LITERAL...<c>....<d>...
    //             [open      )[between   )[open
    size_t open = 0, between = 0;  // what begins at `open` has no literal in it yet; `between` two special tokens
    bool strip = false;
    std::vector<Match> specials = real_specials(text, literal);
    specials.push_back({{text.size(), text.size()}, false});
    for (const Match & special : specials) {
        if (touches({between, special.span.begin}, literal)) {
            append(open, between, true);
            while (strip && between < special.span.begin && std::isspace(static_cast<uint8_t>(text[between])))
                ++between;
            append(between, special.span.begin, false);
            open = special.span.begin;
        }
        between = special.span.end;
        strip = special.strips_right;
    }
    append(open, text.size(), true);
    if (add_special && llama_vocab_get_add_eos(vocab)) out.push_back(llama_vocab_eos(vocab));
    return out;
}

}  // namespace banyan
