// What llama.cpp's parser of a chat format is made of: its literals, where texts end, how calls begin.
//
// Thread: any; no state.
#pragma once

#include <set>
#include <string>
#include <vector>

class common_peg_arena;

namespace banyan {

struct PegFacts {
    std::set<std::string> literals;
    std::set<std::string> ends;     // what ends a stretch of text or reasoning
    std::set<std::string> closers;  // of those: written by the format behind its texts and its reasoning
    std::set<std::string> call_starts;
    std::set<std::string> call_rules;  // the rules that a lazy grammar begins with
    std::set<std::string> tools;       // names
    bool late_id = false;              // a call's id may stand behind its arguments
    bool plain = true;                 // texts and reasoning are anything up to an end
};

PegFacts facts_of(const common_peg_arena & arena);

}  // namespace banyan
