// Schemas for the tests of grammars, with the rules that src/schema gives them.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "json-schema-to-grammar.h"
#include "json.h"

namespace banyan::test {

/** A schema as src/schema writes it: types and names for the formats, rules for the values and for raw texts. */
class Schema {
  public:
    /** A property that can have these values only, as JSON. `prefix` begins the names of rules. */
    explicit Schema(std::string prefix) : prefix_(std::move(prefix)) {}
    Schema & property(const std::string & name, const std::string & type, const std::vector<std::string> & values,
                      bool required = true) {
        place(properties_[name], type, values);
        order_.push_back(name);
        if (required) required_.push_back(name);
        return *this;
    }
    Schema & shaped(const std::string & name, common_json shape, const std::string & value) {
        properties_[name] = std::move(shape);
        properties_[name]["x-rule"] = rule(rules_, gbnf_format_literal(value));
        order_.push_back(name);
        required_.push_back(name);
        return *this;
    }
    /** A text with a rule of its own, for shapes within. */
    common_json text(const std::string & value) {
        common_json shape = common_json::object();
        place(shape, "string", {common_json::make(value).dump()});
        return shape;
    }
    common_json shape(const std::string & type, const std::string & value) {
        common_json shape = common_json::object();
        place(shape, type, {value});
        return shape;
    }

    std::string json() {
        std::string required, starts;
        for (const std::string & name : required_) required += (required.empty() ? "" : " \",\" space ") + member(name);
        std::vector<std::string> optional;
        for (const std::string & name : order_) {
            if (std::find(required_.begin(), required_.end(), name) == required_.end())
                optional.push_back(member(name));
        }
        for (size_t i = 0; i < optional.size(); ++i) {
            starts += (i ? " | " : "") + optional[i];
            for (size_t j = i + 1; j < optional.size(); ++j) starts += " ( \",\" space " + optional[j] + " )?";
        }
        const std::string some = required.empty() ? starts.empty() ? "" : "( " + starts + " )? " : required;
        common_json all = {{"type", "object"}, {"additionalProperties", false}};
        all["x-rule"] = rule(rules_, "\"{\" space " + some + " \"}\"");
        all["properties"] = properties_;
        all["required"] = required_;
        all["x-rules"] = rules_;
        all["x-texts"] = texts_;
        return all.dump();
    }

  private:
    std::string rule(common_json & rules, const std::string & body) {
        const std::string name = prefix_ + std::to_string(made_++);
        rules[name] = body;
        return name;
    }
    std::string member(const std::string & name) {
        const std::string value = properties_.at(name).at("x-rule");
        return gbnf_format_literal(common_json::make(name).dump() + ":") + " space " + value + " space";
    }
    void place(common_json & shape, const std::string & type, const std::vector<std::string> & values) {
        std::string json, raw;
        for (const std::string & value : values) {
            json += (json.empty() ? "" : " | ") + gbnf_format_literal(value);
            if (type != "string") continue;
            raw += (raw.empty() ? "" : " | ") + gbnf_format_literal(common_json::parse(value).get<std::string>());
        }
        shape["type"] = type;
        shape["x-rule"] = rule(rules_, json);
        if (!raw.empty()) shape["x-text"] = rule(texts_, raw);
    }

    std::string prefix_;
    int made_ = 0;
    std::vector<std::string> order_, required_;
    common_json properties_ = common_json::object(), rules_ = common_json::object(), texts_ = common_json::object();
};

}  // namespace banyan::test
