#include "runner/grammars/gemma-arguments.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr const char * kQuote = "<|\"|>";

std::string quoted(const std::string & rule) {
    return gbnf_format_literal(kQuote) + " " + rule + " " + gbnf_format_literal(kQuote);
}

}  // namespace

ParserTree::Node GemmaArguments::of(const common_chat_schema & schema) {
    return tree_.grammar(rule(schema), tree_.rule("gemma4-value"));
}

std::string GemmaArguments::rule(const common_chat_schema & schema) {
    const common_chat_schema & at = resolved(schema);
    const auto found = named_.find(&at);
    if (found != named_.end()) return found->second;
    std::string name = name_ + "-gemma-" + std::to_string(named_.size());
    std::replace(name.begin(), name.end(), '_', '-');  // as llama.cpp would
    named_[&at] = name;                                // before its body: a schema may lead back to itself
    rules_.add_rule(name, body(at));
    return name;
}

std::string GemmaArguments::body(const common_chat_schema & schema) {
    switch (schema.kind()) {
        case common_chat_schema::KIND_ANY_OF: {
            std::string out;
            for (const auto & child : static_cast<const common_chat_schema_any_of &>(schema).children) {
                out += (out.empty() ? "" : " | ") + rule(*child);
            }
            return out;
        }
        case common_chat_schema::KIND_STRING: {
            const std::string text = texts_.rule(schema);
            return text.empty() ? "gemma4-string" : quoted(text);
        }
        case common_chat_schema::KIND_OBJECT:
            return object(static_cast<const common_chat_schema_object &>(schema));
        case common_chat_schema::KIND_ARRAY:
            return array(static_cast<const common_chat_schema_array &>(schema));
        case common_chat_schema::KIND_NULL:
        case common_chat_schema::KIND_BOOLEAN:
        case common_chat_schema::KIND_INTEGER:
        case common_chat_schema::KIND_NUMBER:
            return rules_.add_schema(name_ + "-gemma-json-" + std::to_string(named_.size()), schema);
        default:
            return "gemma4-value";
    }
}

std::string GemmaArguments::object(const common_chat_schema_object & schema) {
    if (schema.properties.empty()) return schema.additional_properties ? "gemma4-dict" : "\"{}\"";
    const auto member = [&](const common_chat_schema_property & property) {
        return gbnf_format_literal(property.name + ":") + " " + rule(*property.schema);
    };
    std::string required;
    std::vector<std::string> optional;
    for (const common_chat_schema_property & property : schema.properties) {
        if (property.required) {
            required += (required.empty() ? "" : " \",\" ") + member(property);
        } else {
            optional.push_back(member(property));
        }
    }
    std::string out = "\"{\" " + required;
    if (!required.empty()) {
        for (const std::string & one : optional) out += " (\",\" " + one + ")?";
    } else {
        std::string starts;
        for (size_t i = 0; i < optional.size(); ++i) {
            starts += (i ? " | " : "") + optional[i];
            for (size_t j = i + 1; j < optional.size(); ++j) starts += " (\",\" " + optional[j] + ")?";
        }
        out += "(" + starts + ")?";
    }
    return out + " \"}\"";
}

std::string GemmaArguments::array(const common_chat_schema_array & schema) {
    const std::string item = rule(*schema.items);
    const int least = schema.min_items, most = schema.max_items;
    if (most == 0) return "\"[]\"";
    const std::string more = "(\",\" " + item + ")";
    const std::string count =
        "{" + std::to_string(std::max(0, least - 1)) + "," + (most < 0 ? "" : std::to_string(most - 1)) + "}";
    const std::string some = item + " " + more + count;
    return "\"[\" " + (least > 0 ? some : "(" + some + ")?") + " \"]\"";
}

}  // namespace banyan
