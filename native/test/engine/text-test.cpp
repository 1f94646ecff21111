// The pieces of a Decoder that need no model: characters, stop strings, log-probabilities; bounds of
// templates, grammars and schemas.
#include <cmath>
#include <string>

#include "check.h"
#include "error-code.h"
#include "runner/chat/template-guard.h"
#include "runner/grammars/grammar.h"
#include "runner/sampling/logprobs.h"
#include "runner/sampling/stop-matcher.h"
#include "runner/sampling/utf8-stream.h"

using namespace banyan;
using banyan::test::code_of;

namespace {

std::string through(const std::string & bytes, size_t piece) {
    Utf8Stream stream;
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += piece) out += stream.push(bytes.substr(i, piece));
    return out + stream.flush();
}

/** Text before the stop, fed in pieces of every size. */
void check_stop(const std::string & text, const std::vector<std::string> & stops, const std::string & expected,
                bool found) {
    for (size_t piece = 1; piece <= text.size(); ++piece) {
        StopMatcher matcher(stops);
        std::string out;
        for (size_t i = 0; i < text.size(); i += piece) out += matcher.push(text.substr(i, piece));
        CHECK_EQ(matcher.stopped(), found);
        CHECK_EQ(out + matcher.flush(), expected);
    }
}

bool throws(const std::string & source) {
    try {
        check_template(source);
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

std::string times(int n, const std::string & text) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
}

std::string refused_schema(const std::string & schema) {
    return code_of([&] { grammar_from_schema(schema); });
}

}  // namespace

TEST("characters come out whole, however the bytes are cut") {
    const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3z";
    for (size_t piece = 1; piece <= text.size(); ++piece) CHECK_EQ(through(text, piece), text);
    Utf8Stream stream;
    CHECK_EQ(stream.push("\xF0\x9F"), "");
    CHECK_EQ(stream.push("\x8C"), "");
    CHECK_EQ(stream.push("\xB3"), "\xF0\x9F\x8C\xB3");
}

TEST("bytes that are no UTF-8 become U+FFFD, the same however they are cut") {
    const std::string bad = "\xEF\xBF\xBD";
    for (const std::string & text :
         {std::string("x\xFFy"), std::string("\xC0\x80"), std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"),
          std::string("\xE2\x82"), std::string("\xE2\x28\xA1")}) {
        const std::string whole = through(text, text.size());
        CHECK(whole.find(bad) != std::string::npos);
        for (size_t piece = 1; piece <= text.size(); ++piece) CHECK_EQ(through(text, piece), whole);
    }
    CHECK_EQ(through("x\xFFy", 1), "x" + bad + "y");
    CHECK_EQ(through("\xE2\x82", 1), bad);
}

TEST("stop strings: across pieces, overlapping, the first complete one wins, almost is not enough") {
    check_stop("one END two", {"END"}, "one ", true);
    check_stop("aaab", {"aab"}, "a", true);
    check_stop("abcabd", {"abd"}, "abc", true);
    check_stop("x</s>y", {"</s>", "/s"}, "x<", true);
    check_stop("x</s>y", {"s>", "</s>"}, "x", true);
    check_stop("one EN two E", {"END"}, "one EN two E", false);
    check_stop("text", {}, "text", false);
    check_stop("text", {""}, "text", false);
}

TEST("text in front of a possible stop string is not held back") {
    StopMatcher matcher({"STOP"});
    CHECK_EQ(matcher.push("abc"), "abc");
    CHECK_EQ(matcher.push("defS"), "def");
    CHECK_EQ(matcher.push("x"), "Sx");
}

TEST("log-probabilities are those of the softmax, the best first, ties by id") {
    const float logits[] = {0.0f, std::log(3.0f), 0.0f, -INFINITY};
    const Logprobs logprobs(logits, 4, 3);
    CHECK(std::abs(logprobs.of(logits[1]) - std::log(0.6f)) < 1e-6);
    CHECK_EQ(logprobs.top().size(), 3u);
    CHECK_EQ(logprobs.top()[0].first, 1);
    CHECK_EQ(logprobs.top()[1].first, 0);
    CHECK_EQ(logprobs.top()[2].first, 2);
    CHECK(Logprobs(logits, 4, 0).top().empty());
}

TEST("templates: ordinary ones pass, endless nesting does not") {
    CHECK(!throws("{%- for m in messages %}{{ '((((' + m['content'] }}{% if a %}x{% endif %}{%- endfor %}"));
    CHECK(!throws("plain text with { and {# a comment's {{ (((( #} and }}"));
    CHECK(!throws("{% set a = 1 %}{% set b %}text{% endset %}{% generation %}x{% endgeneration %}"));
    CHECK(!throws(times(1000, "{% if a %}x{% elif b %}y{% else %}z{% endif %}")));
    CHECK(!throws("{{ [" + times(1000, "a + 1, ") + "f(b)] }}"));
    CHECK(throws(std::string(2 << 20, 'x')));
    const int n = 1000;
    const std::string end = "{% endif %}";
    CHECK(throws("{{ " + times(n, "(")));
    CHECK(throws(times(n, "{% if a %}")));
    CHECK(throws("{% if a %}" + times(n, "{% elif b %}") + end));
    CHECK(throws(times(n, "{% set a %}") + times(n, "{% endset %}")));
    CHECK(throws(times(n, "{% set a %}{% endset %}{% endgeneration %}{% if a %}") + times(n, end)));
    for (const char * chain : {"not ", "- ", "1 + ", "a or ", "1 if a else ", "a.", "a | "}) {
        CHECK(throws("{{ " + times(n, chain) + "a }}"));
    }
    CHECK(throws("{{ f" + times(n, "()") + " }}"));
    CHECK(throws("{{ f" + times(n, "[0]") + " }}"));
}

TEST("grammars: what the parser would recurse for is bounded, however it is hidden") {
    const auto refused = [](const std::string & gbnf) { return code_of([&] { check_grammar(nullptr, gbnf); }); };
    const int n = 1000;
    CHECK_EQ(refused("root ::= " + times(100, "(") + "\"a\"" + times(100, ")")), "");
    CHECK_EQ(refused("root ::= " + times(n, "\"(\" [(] ") + " # " + times(n, "(")), "");
    CHECK_EQ(refused("root ::= [\"] " + times(n, "(")), "INVALID_GRAMMAR");
    CHECK_EQ(refused("root ::= # \"\n" + times(n, "(")), "INVALID_GRAMMAR");
    std::string rules = "root ::= r0\n";  // each with a hundred of its own
    for (int i = 0; i < n; ++i) {
        rules +=
            "r" + std::to_string(i) + " ::= " + times(100, "(") + "r" + std::to_string(i + 1) + times(100, ")") + "\n";
    }
    CHECK_EQ(refused(rules + "r1000 ::= \"a\""), "INVALID_GRAMMAR");
}

TEST("JSON schemas: references that never end, endless names") {
    std::string chain = R"({"$ref":"#/$defs/d0","$defs":{)";
    for (int i = 0; i < 20000; ++i) {
        chain += "\"d" + std::to_string(i) + R"(":{"$ref":"#/$defs/d)" + std::to_string(i + 1) + "\"},";
    }
    CHECK_EQ(refused_schema(chain + R"("d20000":{"type":"string"}}})"), "INVALID_SCHEMA");
    CHECK_EQ(refused_schema(R"({"$defs":{"a":{"$ref":"#/$defs/a"}},"allOf":[{"$ref":"#/$defs/a"}]})"),
             "INVALID_SCHEMA");
    const std::string endless(300000, '%');
    CHECK_EQ(refused_schema(R"({"type":"object","properties":{")" + endless + R"(":{"type":"string"}}})"),
             "INVALID_SCHEMA");
    CHECK_EQ(refused_schema(R"({"$ref":"#/)" + endless + "\"}"), "INVALID_SCHEMA");
    CHECK_EQ(refused_schema(R"({"$defs":{"t":{"type":"object","properties":{"next":{"$ref":"#/$defs/t"}}}},)"
                            R"("$ref":"#/$defs/t"})"),
             "");
}

TEST("nesting depth ignores what strings hold") {
    CHECK_EQ(nesting_depth(R"({"a": ["[[[[", "\"[[["]})"), 2);
    CHECK_EQ(nesting_depth(""), 0);
}
