#include "runner/answers/spelled-parser.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "json.h"

namespace banyan {

namespace {

using Nodes = std::vector<int>;

/** What becomes of the bytes that a node reads. */
enum class Fate { passed_over, told, id, attributes };

constexpr int kMostAttributes = 4, kLongestName = 32;

common_json chars(const char * pattern, const std::vector<std::pair<char, char>> & ranges, int least, int most) {
    common_json list = common_json::array();
    for (const auto & [start, end] : ranges) list.push_back(common_json{{"start", int{start}}, {"end", int{end}}});
    return {{"type", "chars"},  {"pattern", pattern}, {"ranges", list},
            {"negated", false}, {"min_count", least}, {"max_count", most}};
}

common_json word() {
    return chars("[A-Za-z0-9_.:/=+#@-]",
                 {{'A', 'Z'},
                  {'a', 'z'},
                  {'0', '9'},
                  {'_', '_'},
                  {'.', '.'},
                  {':', ':'},
                  {'/', '/'},
                  {'=', '='},
                  {'+', '+'},
                  {'#', '#'},
                  {'@', '@'},
                  {'-', '-'}},
                 0, -1);
}

common_json sequence(const Nodes & children) {
    return {{"type", "sequence"}, {"children", children}};
}

class Spelling {
  public:
    explicit Spelling(const std::string & saved) : tree_(common_json::parse(saved)) {
        for (const common_json & node : tree_.at("parsers")) nodes_.push_back(node);
    }

    std::string saved() {
        visit(tree_.at("root").get<int>(), Fate::passed_over, false);
        for (const auto & [id, passage] : passages_) {
            // What is told in one place of the format is left as it is in another.
            if (!seen_.count({id, Fate::told})) spell(id, passage.first, passage.second);
        }
        common_json nodes = common_json::array();
        for (common_json & node : nodes_) nodes.push_back(std::move(node));
        tree_["parsers"] = nodes;
        return tree_.dump();
    }

  private:
    static Fate fate_below(const common_json & node, Fate fate) {
        if (node.at("type") != "tag") return fate;
        const std::string tag = node.at("tag");
        static const std::set<std::string> kTold = {"reasoning",     "content",        "tool-args",
                                                    "tool-arg-name", "tool-arg-value", "tool-arg-string-value"};
        if (kTold.count(tag)) return Fate::told;
        if (tag == "tool-id") return Fate::id;
        // Of an argument between tags only its name and its value are told.
        return tag == "tool" || tag == "tool-open" || tag == "tool-arg" ? Fate::attributes : fate;
    }

    /** value: a word is due, behind a `=`. */
    void visit(int id, Fate fate, bool value) {
        if (!seen_.insert({id, fate}).second) return;
        const common_json & node = nodes_[id];
        const std::string type = node.at("type");
        if (fate != Fate::told && (type == "until" || type == "string")) passages_[id] = {fate, value};
        fate = fate_below(node, fate);
        if (type == "ref") visit(tree_.at("rules").at(node.at("name").get<std::string>()).get<int>(), fate, value);
        if (node.contains("child")) visit(node.at("child").get<int>(), fate, value);
        if (!node.contains("children")) return;
        for (const common_json & child : node.at("children")) {
            visit(child.get<int>(), fate, value);
            const common_json & before = nodes_[child.get<int>()];
            const std::string text = before.at("type") == "literal" ? before.at("literal").get<std::string>() : "";
            value = !text.empty() && text.back() == '=';
        }
    }

    void spell(int id, Fate fate, bool value) {
        if (fate == Fate::id) nodes_[id] = word();
        if (fate == Fate::attributes) nodes_[id] = attributes(value);
        if (fate == Fate::passed_over) nodes_[id] = common_json{{"type", "space"}};
    }

    int add(common_json node) {
        nodes_.push_back(std::move(node));
        return static_cast<int>(nodes_.size()) - 1;
    }

    /** A literal would count as one of the format's markers, a character does not. */
    int character(const char * pattern, char c) { return add(chars(pattern, {{c, c}}, 1, 1)); }

    /** ` name="word"`, some of them. */
    common_json attributes(bool value) {
        const int name = add(chars("[a-z_]", {{'a', 'z'}, {'_', '_'}}, 1, kLongestName));
        const int one = add(sequence({character("[ ]", ' '), name, character("[=]", '='), character("[\"]", '"'),
                                      add(word()), character("[\"]", '"')}));
        const int all =
            add(common_json{{"type", "repetition"}, {"child", one}, {"min_count", 0}, {"max_count", kMostAttributes}});
        return sequence(value ? Nodes{add(word()), all} : Nodes{all});
    }

    common_json tree_;
    std::vector<common_json> nodes_;
    std::set<std::pair<int, Fate>> seen_;
    std::map<int, std::pair<Fate, bool>> passages_;
};

}  // namespace

std::string spelled_parser(const std::string & saved) {
    return saved.empty() ? saved : Spelling(saved).saved();
}

}  // namespace banyan
