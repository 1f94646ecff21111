// Where a grammar may stand, as a number, and where a character takes it: llama.cpp's sets of stacks, each made once.
//
// Owns: the places found so far. Changed by: of, next, clear. Thread: one at a time. Invariant: a place's stacks are
// those that llama_grammar_accept would leave, whatever their order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runner/masks/character-kinds.h"

struct llama_grammar;
struct llama_grammar_element;

namespace banyan {

/** Numbers for the elements of one copy of a grammar's rules; those of every copy are the same. */
class ElementNumbers {
  public:
    explicit ElementNumbers(const llama_grammar & copy);
    int32_t of(const llama_grammar_element * element) const;

  private:
    struct Rule {
        const llama_grammar_element * first;
        int32_t number;  // of that element
    };
    std::vector<Rule> rules_;  // ascending by address
};

class GrammarPlaces {
  public:
    static constexpr int32_t kUnknown = -1;  // more work than a question may take, or a grammar that is not for us
    static constexpr int32_t kNowhere = 0;

    explicit GrammarPlaces(const llama_grammar & grammar);

    /** The place of a copy of the grammar that has no half character. */
    int32_t of(const llama_grammar & copy, const ElementNumbers & numbers);
    /** Behind this character. */
    int32_t next(int32_t place, uint32_t character);
    /** A character of these first bits, of which so many bytes are missing, may come. */
    bool may_begin(int32_t place, uint32_t bits, int32_t missing) const;
    /** Kinds of characters that all lead to one and the same place. */
    struct Alike {
        CharacterKinds kinds = 0;
        int32_t next = kNowhere;
    };
    /**
     * Of most characters; none where finding out is much work or leaves less than `rest` for the question. Not
     * kUnknown.
     */
    Alike alike(int32_t place, int64_t rest);
    struct Sole {
        uint32_t character = 0;  // 0: there is a choice, or the text may end
        bool or_blanks = false;  // blanks may stand before it
    };
    /** The one character that must come next, blanks not counted. Not kUnknown. */
    Sole sole(int32_t place) const;
    /** The text may end here. */
    bool complete(int32_t place) const { return places_[static_cast<size_t>(place)].complete; }

    /** Before each question: what it may cost. */
    void set_work(int64_t units) { work_ = units; }
    /** About what the places take. */
    size_t bytes() const { return bytes_; }
    /** Forgets all places; their numbers become others'. */
    void clear();

  private:
    using Stack = int32_t;  // of frames_; 0 is the empty one
    struct Frame {
        int32_t element;
        Stack below;
    };
    struct Place {
        std::vector<Stack> stacks;  // ascending, each at a character or empty
        std::vector<int32_t> next;  // by class of characters; kUnknown: not yet asked
        bool complete = false;
        bool knows_alike = false;
        Alike alike;
    };

    void number_classes();
    size_t class_of(uint32_t character) const;
    Stack push(int32_t element, Stack below);
    Stack behind(int32_t element, Stack below);
    bool ends_sequence(int32_t element) const;
    bool matches(int32_t element, uint32_t character) const;
    bool spend(int64_t units) { return (work_ -= units) >= 0; }
    bool open(Stack stack, std::vector<Stack> & at_characters);
    int32_t place_of(std::vector<Stack> && stacks);
    int32_t next_of_most(int32_t place);

    std::vector<llama_grammar_element> elements_;
    std::vector<int32_t> first_of_rule_;
    std::vector<int32_t> behind_character_;  // of each element that begins one: the element after its alternatives
    std::vector<uint32_t> class_starts_;     // ascending, from 0
    std::vector<CharacterKinds> class_kinds_;  // those that have a character of the class
    std::array<uint16_t, 128> ascii_classes_{};
    bool usable_ = true;

    std::vector<Frame> frames_;
    std::unordered_map<uint64_t, Stack> frame_numbers_;
    std::vector<int32_t> opened_in_;  // by stack: the last call of open that saw it
    int32_t n_opened_ = 0;
    std::vector<Place> places_;
    std::unordered_multimap<uint64_t, int32_t> place_numbers_;  // by hash of the stacks
    int64_t work_ = 0;
    size_t bytes_ = 0;
};

}  // namespace banyan
