// Blanks of calls as a template prints them: on every chat template of llama.cpp's source (BANYAN_TEST_TEMPLATES), what
// is forced in a call is what the template itself writes there.
#include "runner/chat/call-style.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "check.h"
#include "llama-grammar.h"
#include "runner/chat/chat-format.h"
#include "runner/chat/chat-templates.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/fleet.h"
#include "runner/masks/running-grammar.h"
#include "runner/written-schema.h"

using namespace banyan;
using namespace banyan::test;

namespace {

const char * const kAsked = R"({"role": "user", "content": "Book a table."})";
const char * const kCall = R"({"role": "assistant", "content": "", "tool_calls": [{"id": "call00000", "type":
    "function", "function": {"name": "book_table", "arguments":
    "{\"city\": \"Oslo, old: town\", \"guests\": 4, \"wishes\": {\"window\": true, \"menus\": [\"a\", \"b\"]}, \"name\": \"Ann\"}"}}]})";

std::string tools() {
    return R"([{"type": "function", "function": {"name": "book_table", "description": "Books.", "parameters": {
        "type": "object", "additionalProperties": false, "required": ["city", "guests", "wishes", "name"],
        "properties": {"city": {"type": "string"}, "guests": {"type": "integer"}, "wishes": {"type": "object",
            "additionalProperties": false, "required": ["window", "menus"], "properties": {
                "window": {"type": "boolean"}, "menus": {"type": "array", "items": {"type": "string"}}}},
            "name": {"type": "string"}}}}}])";
}

/** Bytes of a call that were forced, in how many runs, and how far it was followed. */
struct Forced {
    size_t bytes = 0, runs = 0, to = 0;
};

/** Follows the call as the template writes it, up to where another text is forced. */
Forced follow(const ChatFormat & format, const std::string & call, const BlankStyle & begin) {
    const std::unique_ptr<RunningGrammar> grammar = format.grammar()->begin();
    BlankStyle style = begin;
    Forced forced;
    for (size_t & at = forced.to; at < call.size();) {
        std::string next = grammar->forced(style, false);
        if (next.size() > call.size() - at) next.resize(call.size() - at);
        if (call.compare(at, next.size(), next) != 0) break;
        forced.bytes += next.size();
        forced.runs += !next.empty();
        if (next.empty()) next = call.substr(at, 1);
        try {
            llama_grammar_accept_str(grammar->state(), next);
        } catch (const std::exception &) {
            break;  // the turn's end
        }
        style.read(next);
        at += next.size();
    }
    return forced;
}

RenderedChat render(const ChatTemplates & chat, const std::string & messages, bool ask) {
    ChatRequest request;
    request.messages = messages;
    request.tools = tools();
    request.tool_choice = "required";
    request.parallel_tool_calls = false;
    request.enable_thinking = false;
    request.add_generation_prompt = ask;
    return chat.render(request);
}

}  // namespace

TEST("blanks are learnt where they are always alike, of JSON only") {
    BlankStyle style;
    style.learn(R"({"a": 1,"b": [ 1, 2 ],"c":{ "d": "x: , y" }})");
    CHECK_EQ(style.before('x', false).value_or("none"), "none");
    BlankStyle after_colon = style, after_comma = style, inside = style;
    after_colon.read(R"({"a":)");
    CHECK(!after_colon.before('1', false));  // once without
    after_comma.read(R"({"a":1,)");
    CHECK(!after_comma.before('"', false));  // one of them with
    inside.read("{");
    CHECK(!inside.before('"', false));
    style.learn(R"({"a": 1, "b": [1, 2], "c": {"d": "x:,y"}})");
    CHECK_EQ(BlankStyle(style).before('x', false).value_or("none"), "none");
    BlankStyle prose = style;
    prose.read("I see:\nit \"is, no:JSON\"\n");
    prose.read(R"({"a":)");
    CHECK_EQ(prose.before('1', false).value_or("none"), " ");
    prose.read(R"(1,)");
    CHECK_EQ(prose.before('"', false).value_or("none"), " ");
}

TEST("on every template that shows calls: as it writes them, in longer runs than without its style") {
    int followed = 0, longer = 0;
    for (const auto & entry : std::filesystem::directory_iterator(std::getenv("BANYAN_TEST_TEMPLATES"))) {
        if (entry.path().extension() != ".jinja") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string source{std::istreambuf_iterator<char>(file), {}}, name = entry.path().stem().string();
        const ChatTemplates chat(fleet_model(), source);
        if (chat.tool_format() != ToolFormat::of_template) continue;
        std::string asked, said;
        std::shared_ptr<const ChatFormat> format;
        try {
            RenderedChat question = render(chat, std::string("[") + kAsked + "]", true);
            asked = question.prompt;
            format = question.format;
            said = render(chat, std::string("[") + kAsked + "," + kCall + "]", false).prompt;
        } catch (const std::exception &) {
            continue;  // it wants the call's result, too
        }
        if (said.compare(0, asked.size(), asked) != 0 || !format->grammar()) continue;
        const std::string call = said.substr(asked.size());
        const Forced with = follow(*format, call, format->blanks()), without = follow(*format, call, {});
        // A grammar may be stricter than its template, as with ids; for its style no call is written otherwise.
        if (with.to != without.to) fail(__FILE__, __LINE__, name + ": not as far as without: " + call.substr(with.to));
        CHECK(with.bytes >= without.bytes && with.runs <= without.runs);
        if (with.bytes == 0) continue;
        ++followed;
        longer += with.runs < without.runs;
    }
    std::printf("      %d templates, on %d of them in longer runs\n", followed, longer);
    CHECK(followed > 40);
    CHECK(longer > 20);
}

TEST("of a template that fails on calls, prints none, or never ends, nothing is known, and it is used all the same") {
    const std::string begin = R"({% for m in messages %}{{ m.role }}: {{ m.content }};)", end = "{% endfor %}";
    const std::string calls = R"({% for c in m.tool_calls %}<tool_call>{"name": "{{ c.function.name }}", "arguments": )"
                              R"({{ c.function.arguments | tojson }}}</tool_call>{% endfor %})";
    const auto known = [](const std::string & source) {
        const ChatTemplates chat(fleet_model(), source);
        BlankStyle style = render(chat, std::string("[") + kAsked + "]", true).format->blanks();
        style.read(R"({"a")");
        style.read(":");
        return style.before('1', false).has_value();
    };
    CHECK(known(begin + calls + end));
    CHECK(known(begin + "{% if m.tool_calls and m.tool_calls | length > 1 %}{{ raise_exception('one') }}{% endif %}" +
                calls + end));
    CHECK(!known(begin + "{% if '7value' in (m | tojson) %}{{ raise_exception('none') }}{% endif %}" + calls + end));
    CHECK(!known(begin + "{% if '7value' in (m | tojson) %}{% for i in range(1000000000) %}{% endfor %}{% endif %}" +
                 calls + end));
    CHECK(!known(begin + "{% if '7value' in (m | tojson) %}{{ '[' * 100000 }}{% endif %}" + calls + end));
    CHECK(known(begin + end));  // Banyan's own format of calls
}
