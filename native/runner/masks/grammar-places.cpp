#include "runner/masks/grammar-places.h"

#include <algorithm>

#include "llama-grammar.h"
#include "runner/masks/utf8-text.h"

namespace banyan {

namespace {

/** Of character classes: each place has a number for every one. */
constexpr size_t kMostClasses = 4096;
/** Of classes times stacks: where more are to be asked about, characters are looked at one by one. */
constexpr int64_t kMostAlike = 2048;

bool begins_character(llama_gretype type) {
    return type == LLAMA_GRETYPE_CHAR || type == LLAMA_GRETYPE_CHAR_NOT || type == LLAMA_GRETYPE_CHAR_ANY;
}

uint64_t hash_of(const std::vector<int32_t> & numbers) {
    uint64_t hash = 0x9E3779B97F4A7C15ull;
    for (const int32_t number : numbers) {
        hash = (hash ^ static_cast<uint32_t>(number)) * 0xBF58476D1CE4E5B9ull;
        hash ^= hash >> 29;
    }
    return hash;
}

}  // namespace

ElementNumbers::ElementNumbers(const llama_grammar & copy) {
    int32_t n = 0;
    for (const llama_grammar_rule & rule : copy.rules) {
        if (!rule.empty()) rules_.push_back({rule.data(), n});
        n += static_cast<int32_t>(rule.size());
    }
    std::sort(rules_.begin(), rules_.end(), [](const Rule & a, const Rule & b) { return a.first < b.first; });
}

int32_t ElementNumbers::of(const llama_grammar_element * element) const {
    const auto above = std::upper_bound(rules_.begin(), rules_.end(), element,
                                        [](const auto * one, const Rule & rule) { return one < rule.first; });
    const Rule & rule = *(above - 1);
    return rule.number + static_cast<int32_t>(element - rule.first);
}

GrammarPlaces::GrammarPlaces(const llama_grammar & grammar) {
    for (const llama_grammar_rule & rule : grammar.rules) {
        first_of_rule_.push_back(static_cast<int32_t>(elements_.size()));
        elements_.insert(elements_.end(), rule.begin(), rule.end());
    }
    behind_character_.resize(elements_.size());
    for (size_t i = 0; i < elements_.size(); ++i) {
        const llama_gretype type = elements_[i].type;
        if (type == LLAMA_GRETYPE_TOKEN || type == LLAMA_GRETYPE_TOKEN_NOT) usable_ = false;
        if (!begins_character(type)) continue;
        size_t end = i + 1;
        while (elements_[end].type == LLAMA_GRETYPE_CHAR_RNG_UPPER || elements_[end].type == LLAMA_GRETYPE_CHAR_ALT) {
            ++end;
        }
        behind_character_[i] = static_cast<int32_t>(end);
    }
    if (usable_) number_classes();
    clear();
}

/** Characters that no element tells apart are one class. */
void GrammarPlaces::number_classes() {
    class_starts_ = {0};
    for (size_t i = 0; i < elements_.size(); ++i) {
        const llama_gretype type = elements_[i].type;
        if (!begins_character(type) && type != LLAMA_GRETYPE_CHAR_ALT) continue;
        const bool range = elements_[i + 1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
        class_starts_.push_back(elements_[i].value);
        class_starts_.push_back((range ? elements_[i + 1].value : elements_[i].value) + 1);
    }
    std::sort(class_starts_.begin(), class_starts_.end());
    class_starts_.erase(std::unique(class_starts_.begin(), class_starts_.end()), class_starts_.end());
    usable_ = class_starts_.size() <= kMostClasses;
    if (!usable_) return;
    for (size_t i = 0; i < class_starts_.size(); ++i) {
        const bool last = i + 1 == class_starts_.size();
        class_kinds_.push_back(kinds_of(class_starts_[i], last ? UINT32_MAX : class_starts_[i + 1] - 1));
    }
    for (uint32_t c = 0; c < ascii_classes_.size(); ++c) {
        const auto above = std::upper_bound(class_starts_.begin(), class_starts_.end(), c);
        ascii_classes_[c] = static_cast<uint16_t>(above - class_starts_.begin() - 1);
    }
}

void GrammarPlaces::clear() {
    frames_.assign(1, {0, 0});
    frame_numbers_.clear();
    opened_in_.assign(1, 0);
    n_opened_ = 0;
    places_.assign(1, {});  // kNowhere
    place_numbers_.clear();
    bytes_ = 0;
}

size_t GrammarPlaces::class_of(uint32_t character) const {
    if (character < ascii_classes_.size()) return ascii_classes_[character];
    const auto above = std::upper_bound(class_starts_.begin(), class_starts_.end(), character);
    return static_cast<size_t>(above - class_starts_.begin()) - 1;
}

bool GrammarPlaces::ends_sequence(int32_t element) const {
    const llama_gretype type = elements_[static_cast<size_t>(element)].type;
    return type == LLAMA_GRETYPE_END || type == LLAMA_GRETYPE_ALT;
}

GrammarPlaces::Stack GrammarPlaces::push(int32_t element, Stack below) {
    const uint64_t key = static_cast<uint64_t>(element) << 32 | static_cast<uint32_t>(below);
    const auto [found, fresh] = frame_numbers_.try_emplace(key, static_cast<Stack>(frames_.size()));
    if (fresh) {
        frames_.push_back({element, below});
        opened_in_.push_back(0);
        bytes_ += 64;
    }
    return found->second;
}

GrammarPlaces::Stack GrammarPlaces::behind(int32_t element, Stack below) {
    return ends_sequence(element) ? below : push(element, below);
}

/** Adds what the stack may be once its rules are entered, as llama_grammar_advance_stack. */
bool GrammarPlaces::open(Stack stack, std::vector<Stack> & at_characters) {
    std::vector<Stack> todo{stack};
    while (!todo.empty()) {
        const Stack one = todo.back();
        todo.pop_back();
        if (!spend(1)) return false;
        if (opened_in_[static_cast<size_t>(one)] == n_opened_) continue;
        opened_in_[static_cast<size_t>(one)] = n_opened_;
        const Frame frame = frames_[static_cast<size_t>(one)];
        const llama_grammar_element & element = elements_[static_cast<size_t>(frame.element)];
        if (one == 0 || element.type != LLAMA_GRETYPE_RULE_REF) {
            at_characters.push_back(one);
            continue;
        }
        const Stack rest = behind(frame.element + 1, frame.below);
        for (int32_t at = first_of_rule_[element.value];; ++at) {
            todo.push_back(behind(at, rest));
            while (!ends_sequence(at)) ++at;
            if (elements_[static_cast<size_t>(at)].type == LLAMA_GRETYPE_END) break;
        }
    }
    return true;
}

int32_t GrammarPlaces::place_of(std::vector<Stack> && stacks) {
    std::sort(stacks.begin(), stacks.end());
    if (stacks.empty()) return kNowhere;
    const uint64_t hash = hash_of(stacks);
    const auto [from, to] = place_numbers_.equal_range(hash);
    for (auto it = from; it != to; ++it) {
        if (places_[static_cast<size_t>(it->second)].stacks == stacks) return it->second;
    }
    const auto number = static_cast<int32_t>(places_.size());
    place_numbers_.emplace(hash, number);
    Place place;
    place.complete = stacks.front() == 0;
    place.next.assign(class_starts_.size(), kUnknown);
    work_ -= static_cast<int64_t>(class_starts_.size() / 16);
    bytes_ += 160 + 4 * (stacks.size() + class_starts_.size());
    place.stacks = std::move(stacks);
    places_.push_back(std::move(place));
    return number;
}

int32_t GrammarPlaces::of(const llama_grammar & copy, const ElementNumbers & numbers) {
    if (!usable_) return kUnknown;
    std::vector<Stack> stacks;
    for (const llama_grammar_stack & elements : copy.stacks) {
        Stack stack = 0;
        if (!spend(1 + static_cast<int64_t>(elements.size()))) return kUnknown;
        for (const llama_grammar_element * element : elements) stack = push(numbers.of(element), stack);
        stacks.push_back(stack);
    }
    std::sort(stacks.begin(), stacks.end());
    stacks.erase(std::unique(stacks.begin(), stacks.end()), stacks.end());
    return place_of(std::move(stacks));
}

bool GrammarPlaces::matches(int32_t element, uint32_t character) const {
    const llama_grammar_element * at = &elements_[static_cast<size_t>(element)];
    if (at->type == LLAMA_GRETYPE_CHAR_ANY) return true;
    const bool wanted = at->type == LLAMA_GRETYPE_CHAR;
    const llama_grammar_element * const end = &elements_[static_cast<size_t>(behind_character_[element])];
    for (; at != end; ++at) {
        const bool range = at[1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
        if (at->value <= character && character <= (range ? at[1].value : at->value)) return wanted;
        if (range) ++at;
    }
    return !wanted;
}

int32_t GrammarPlaces::next(int32_t place, uint32_t character) {
    const size_t index = class_of(character);
    const auto at = static_cast<size_t>(place);
    if (place == kNowhere) return kNowhere;
    if (places_[at].next[index] != kUnknown) return places_[at].next[index];
    std::vector<Stack> stacks;
    ++n_opened_;
    for (const Stack stack : places_[at].stacks) {
        if (!spend(1)) return kUnknown;
        if (stack == 0) continue;
        const Frame frame = frames_[static_cast<size_t>(stack)];
        if (!matches(frame.element, character)) continue;
        if (!open(behind(behind_character_[frame.element], frame.below), stacks)) return kUnknown;
    }
    const int32_t found = place_of(std::move(stacks));
    places_[at].next[index] = found;
    return found;
}

/** By the majority's vote, which may miss it where there is none; kUnknown: too much work. */
int32_t GrammarPlaces::next_of_most(int32_t place) {
    int32_t most = kNowhere, votes = 0;
    for (const uint32_t start : class_starts_) {
        const int32_t to = next(place, start);
        if (to == kUnknown) return kUnknown;
        if (votes == 0) most = to;
        votes += to == most ? 1 : -1;
    }
    return most;
}

GrammarPlaces::Alike GrammarPlaces::alike(int32_t place, int64_t rest) {
    const auto at = static_cast<size_t>(place);
    if (places_[at].knows_alike) return places_[at].alike;
    const auto ways = static_cast<int64_t>(places_[at].stacks.size() * class_starts_.size());
    if (ways > kMostAlike || work_ - kMostAlike < rest) return {};
    const int32_t most = next_of_most(place);
    if (most == kUnknown) return {};
    Alike found;
    if (most != kNowhere) found = {kAllKinds, most};
    for (size_t i = 0; i < class_starts_.size(); ++i) {
        if (places_[at].next[i] != most) found.kinds &= ~class_kinds_[i];
    }
    places_[at].knows_alike = true;
    places_[at].alike = found;
    return found;
}

bool GrammarPlaces::may_begin(int32_t place, uint32_t bits, int32_t missing) const {
    const CharacterRange cut = completions(bits, missing);
    const auto within = [&](Stack stack) {
        if (stack == 0) return false;
        const int32_t element = frames_[static_cast<size_t>(stack)].element;
        const llama_grammar_element * at = &elements_[static_cast<size_t>(element)];
        const bool wanted = at->type == LLAMA_GRETYPE_CHAR;
        const llama_grammar_element * const end = &elements_[static_cast<size_t>(behind_character_[element])];
        if (at->type == LLAMA_GRETYPE_CHAR_ANY) return true;
        for (; at != end; ++at) {
            const bool range = at[1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
            if (at->value <= cut.high && cut.low <= (range ? at[1].value : at->value)) return wanted;
            if (range) ++at;
        }
        return !wanted;
    };
    const std::vector<Stack> & stacks = places_[static_cast<size_t>(place)].stacks;
    return std::any_of(stacks.begin(), stacks.end(), within);
}

/** A blank first, which is no choice that matters: what is no blank must be one and the same. */
GrammarPlaces::Sole GrammarPlaces::sole(int32_t place) const {
    const auto blank = [](uint32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    Sole found;
    uint32_t sole_blank = 0;
    bool blanks_differ = false;
    for (const Stack stack : places_[static_cast<size_t>(place)].stacks) {
        if (stack == 0) return {};
        const int32_t from = frames_[static_cast<size_t>(stack)].element;
        const int32_t end = behind_character_[static_cast<size_t>(from)];
        for (int32_t at = from; at != end; ++at) {
            const llama_grammar_element & element = elements_[static_cast<size_t>(at)];
            const bool wanted = element.type == LLAMA_GRETYPE_CHAR || element.type == LLAMA_GRETYPE_CHAR_ALT;
            if (!wanted || element.value == 0) return {};
            if (blank(element.value)) {
                blanks_differ = blanks_differ || (sole_blank != 0 && sole_blank != element.value);
                sole_blank = element.value;
                found.or_blanks = true;
            } else if (found.character == 0 || found.character == element.value) {
                found.character = element.value;
            } else {
                return {};
            }
        }
    }
    if (found.character == 0 && !blanks_differ) return {sole_blank, false};
    return found;
}

}  // namespace banyan
