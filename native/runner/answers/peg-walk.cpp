#include "runner/answers/peg-walk.h"

#include <functional>
#include <type_traits>
#include <variant>

#include "chat-peg-parser.h"

namespace banyan {

namespace {

using Id = common_peg_parser_id;

template <typename Kind>
const Kind * as(const common_peg_arena & arena, Id id) {
    return std::get_if<Kind>(&arena.get(id));
}

template <typename Parser, typename... Kinds>
constexpr bool is_one_of = (std::is_same_v<Parser, Kinds> || ...);

std::vector<Id> children_of(const common_peg_arena & arena, Id id) {
    return std::visit(
        [&](const auto & parser) -> std::vector<Id> {
            using Parser = std::decay_t<decltype(parser)>;
            if constexpr (is_one_of<Parser, common_peg_sequence_parser, common_peg_choice_parser>) {
                return parser.children;
            } else if constexpr (is_one_of<Parser, common_peg_repetition_parser, common_peg_and_parser,
                                           common_peg_not_parser, common_peg_schema_parser, common_peg_rule_parser,
                                           common_peg_atomic_parser, common_peg_tag_parser, common_peg_gbnf_parser,
                                           common_peg_ac_parser>) {
                return {parser.child};
            } else if constexpr (std::is_same_v<Parser, common_peg_ref_parser>) {
                return {arena.get_rule(parser.name)};
            } else {
                return {};
            }
        },
        arena.get(id));
}

/** Calls `see` for each parser below `root`, and itself, once. */
void walk(const common_peg_arena & arena, Id root, const std::function<void(Id)> & see) {
    std::set<Id> seen;
    std::vector<Id> open{root};
    while (!open.empty()) {
        const Id id = open.back();
        open.pop_back();
        if (!seen.insert(id).second) continue;
        see(id);
        for (const Id child : children_of(arena, id)) open.push_back(child);
    }
}

/** Adds the literals that a match of `id` can begin with. Returns whether it can match nothing. */
bool firsts(const common_peg_arena & arena, Id id, std::set<Id> & seen, std::set<std::string> & out) {
    if (!seen.insert(id).second) return false;
    if (const auto * literal = as<common_peg_literal_parser>(arena, id)) {
        if (!literal->literal.empty()) out.insert(literal->literal);
        return literal->literal.empty();
    }
    if (const auto * sequence = as<common_peg_sequence_parser>(arena, id)) {
        for (const Id child : sequence->children) {
            if (!firsts(arena, child, seen, out)) return false;
        }
        return true;
    }
    const auto * repetition = as<common_peg_repetition_parser>(arena, id);
    bool empty = repetition && repetition->min_count == 0;
    if (as<common_peg_and_parser>(arena, id) || as<common_peg_not_parser>(arena, id)) return true;
    const std::vector<Id> children = children_of(arena, id);
    if (children.empty()) {
        return as<common_peg_space_parser>(arena, id) || as<common_peg_epsilon_parser>(arena, id) ||
               as<common_peg_start_parser>(arena, id) || as<common_peg_end_parser>(arena, id);
    }
    for (const Id child : children) empty = firsts(arena, child, seen, out) || empty;
    return empty;
}

bool is_tool_name(const common_peg_arena & arena, Id id) {
    const auto * tag = as<common_peg_tag_parser>(arena, id);
    return tag && tag->tag == common_chat_peg_builder::TOOL_NAME;
}

bool holds(const common_peg_arena & arena, Id root, const char * tag) {
    bool found = false;
    walk(arena, root, [&](Id id) {
        const auto * node = as<common_peg_tag_parser>(arena, id);
        found = found || (node && node->tag == tag);
    });
    return found;
}

/** Of a sequence of arguments and id, in this order. */
bool has_late_id(const common_peg_arena & arena, const common_peg_sequence_parser & sequence) {
    bool arguments = false;
    for (const Id child : sequence.children) {
        if (arguments && holds(arena, child, common_chat_peg_builder::TOOL_ID)) return true;
        arguments = arguments || (holds(arena, child, common_chat_peg_builder::TOOL_ARGS) &&
                                  !holds(arena, child, common_chat_peg_builder::TOOL_NAME));
    }
    return false;
}

bool is_stretch(const common_peg_arena & arena, Id id) {
    const auto * tag = as<common_peg_tag_parser>(arena, id);
    return tag && (tag->tag == common_chat_peg_builder::CONTENT || tag->tag == common_chat_peg_builder::REASONING);
}

/** Behind a stretch in a sequence: the marker that closes it. */
void closers_of(const common_peg_arena & arena, const common_peg_sequence_parser & sequence, PegFacts & facts) {
    for (size_t i = 0; i < sequence.children.size(); ++i) {
        if (!is_stretch(arena, sequence.children[i])) continue;
        std::set<std::string> next;
        bool empty = true;
        for (size_t k = i + 1; empty && k < sequence.children.size(); ++k) {
            std::set<Id> seen;
            empty = firsts(arena, sequence.children[k], seen, next);
        }
        if (empty) continue;
        walk(arena, sequence.children[i], [&](Id id) {
            const auto * until = as<common_peg_until_parser>(arena, id);
            if (!until) return;
            for (const std::string & end : until->delimiters) {
                if (next.count(end)) facts.closers.insert(end);
            }
        });
    }
}

}  // namespace

PegFacts facts_of(const common_peg_arena & arena) {
    PegFacts facts;
    for (Id id = 0; id < arena.size(); ++id) {
        if (const auto * literal = as<common_peg_literal_parser>(arena, id)) {
            if (!literal->literal.empty()) facts.literals.insert(literal->literal);
        } else if (const auto * sequence = as<common_peg_sequence_parser>(arena, id)) {
            closers_of(arena, *sequence, facts);
            facts.late_id = facts.late_id || has_late_id(arena, *sequence);
        } else if (const auto * rule = as<common_peg_rule_parser>(arena, id)) {
            if (!rule->trigger) continue;
            facts.call_rules.insert(rule->name);
            std::set<Id> seen;
            firsts(arena, rule->child, seen, facts.call_starts);
        } else if (is_tool_name(arena, id)) {
            walk(arena, id, [&](Id below) {
                if (const auto * name = as<common_peg_literal_parser>(arena, below)) facts.tools.insert(name->literal);
            });
        } else if (is_stretch(arena, id)) {
            walk(arena, id, [&](Id below) {
                if (const auto * until = as<common_peg_until_parser>(arena, below)) {
                    facts.ends.insert(until->delimiters.begin(), until->delimiters.end());
                }
                if (as<common_peg_schema_parser>(arena, below) || as<common_peg_string_parser>(arena, below) ||
                    as<common_peg_chars_parser>(arena, below)) {
                    facts.plain = false;
                }
            });
        }
    }
    facts.ends.erase("");
    return facts;
}

}  // namespace banyan
