// What must be called or said, on every chat template of llama.cpp's source (BANYAN_TEST_TEMPLATES): random texts of
// the grammar are read back, by the reader of answers, as what the grammar meant.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "check.h"
#include "json.h"
#include "runner/answers/answer-parser.h"
#include "runner/chat/chat-format.h"
#include "runner/chat/chat-templates.h"
#include "runner/error.h"
#include "runner/fleet.h"
#include "runner/grammar-walk.h"
#include "runner/written-schema.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr int kWalks = 14;

/** By file name. */
const std::map<std::string, std::string> & templates() {
    static const std::map<std::string, std::string> all = [] {
        std::map<std::string, std::string> read;
        for (const auto & entry : std::filesystem::directory_iterator(std::getenv("BANYAN_TEST_TEMPLATES"))) {
            if (entry.path().extension() != ".jinja") continue;
            std::ifstream file(entry.path(), std::ios::binary);
            read[entry.path().stem().string()] = {std::istreambuf_iterator<char>(file), {}};
        }
        return read;
    }();
    return all;
}

const char * const kAsked = R"([{"role":"user","content":"Do it."}])";

std::string tool(const std::string & name, const std::string & parameters) {
    return R"({"type":"function","function":{"name":")" + name + R"(","description":"d","parameters":)" + parameters +
           "}}";
}

/** Each value is given: each call says just this. */
std::string book() {
    Schema schema("b-");
    common_json deep = {{"type", "object"}, {"additionalProperties", false}};
    deep["required"] = std::vector<std::string>{"k", "n"};
    deep["properties"] = common_json::object();
    deep["properties"]["k"] = schema.text("x|y");
    deep["properties"]["n"] = schema.shape("number", "1.5");
    common_json list = {{"type", "array"}, {"minItems", 2}, {"maxItems", 2}};
    list["items"] = schema.text("a b");
    schema.property("city", "string", {R"("São Tomé, 2: [a]")"}).property("days", "integer", {"-3"});
    schema.property("vip", "boolean", {"true"});
    schema.shaped("deep", deep, R"({"k":"x|y","n":1.5})").shaped("list", list, R"(["a b","a b"])");
    return schema.property("quote", "string", {R"("it's")"}).json();
}
const char * const kBooked =
    R"({"city":"São Tomé, 2: [a]","days":-3,"vip":true,"deep":{"k":"x|y","n":1.5},"list":["a b","a b"],"quote":"it's"})";
std::string perhaps() {
    return Schema("p-")
        .property("a", "string", {R"("x")", R"("yy")"}, false)
        .property("b", "integer", {"1"}, false)
        .json();
}
const std::set<std::string> kPerhapses = {"{}",         R"({"a":"x"})",       R"({"a":"yy"})",
                                          R"({"b":1})", R"({"a":"x","b":1})", R"({"a":"yy","b":1})"};
std::string nothing() {
    return Schema("n-").json();
}
const char * const kFree = R"({"type":"object","additionalProperties":false,"properties":{
    "said":{"type":"string"},"count":{"type":"integer"}},"required":["said","count"]})";

/** Of one template and one way to think: what the answer must be, and how it is read. */
struct Forced {
    std::shared_ptr<const ChatFormat> format;
    std::string name;
    bool parallel;  // the template shows several calls of one turn
    std::mt19937 random{7};

    ChatMessage next() {
        text = walk(*format->grammar(), random, 40 + static_cast<int>(random() % 120));
        const ChatMessage message = format->parse(text, false);
        if (!same(message, by_characters(text))) wrong(__LINE__, "another answer by characters");
        return message;
    }
    ChatMessage by_characters(const std::string & answer) const {
        AnswerParser reader(format->syntax());
        ChatMessage all;
        const auto add = [&](ChatMessage && part) {
            all.content += part.content;
            all.reasoning += part.reasoning;
            for (ToolCall & call : part.tool_calls) all.tool_calls.push_back(std::move(call));
        };
        for (size_t at = 0, end; at < answer.size(); at = end) {
            end = at + 1;
            while (end < answer.size() && (answer[end] & 0xC0) == 0x80) ++end;
            add(reader.push(answer.substr(at, end - at)));
        }
        add(reader.finish());
        return all;
    }
    static bool same(const ChatMessage & a, const ChatMessage & b) {
        bool equal = a.content == b.content && a.reasoning == b.reasoning && a.tool_calls.size() == b.tool_calls.size();
        for (size_t i = 0; equal && i < a.tool_calls.size(); ++i) {
            equal =
                a.tool_calls[i].name == b.tool_calls[i].name && a.tool_calls[i].arguments == b.tool_calls[i].arguments;
        }
        return equal;
    }
    void wrong(int line, const std::string & what) {
        fail(__FILE__, line, name + ": " + what + " in: " + text.substr(0, 1500));
    }
    std::string text;
};

/** For each template, with reasoning and without. Returns how many there are. */
template <typename Check>
int each(ChatRequest request, Check check) {
    int n = 0;
    for (const auto & [name, source] : templates()) {
        const ChatTemplates chat(fleet_model(), source);
        ++n;
        request.messages = kAsked;
        for (const bool thinking : {true, false}) {
            request.enable_thinking = thinking;
            try {
                Forced forced{chat.render(request).format, name + (thinking ? "" : ", no thinking"),
                              chat.supports_parallel_calls()};
                CHECK(forced.format->grammar() && !forced.format->call_grammar());
                check(forced);
            } catch (const std::exception & e) {
                fail(__FILE__, __LINE__, name + ": " + e.what());
            }
        }
    }
    return n;
}

ChatRequest calling(const std::string & tools, const std::string & choice = "required") {
    ChatRequest request;
    request.tools = "[" + tools + "]";
    request.tool_choice = choice;
    request.parallel_tool_calls = false;
    return request;
}

std::string dense(const std::string & json) {
    return common_json::parse(json).dump();
}

}  // namespace

TEST("a walk through a grammar ends in a text of it, and other texts are none") {
    const auto grammar = CompiledGrammar::parse(*fleet_model(), R"g(root ::= "(" root ")" | [^a-z]{2,} "é" | "x" .)g");
    std::mt19937 random(1);
    std::set<std::string> texts;
    for (int i = 0; i < 50; ++i) {
        const std::string text = walk(*grammar, random, i);
        CHECK(admits(*grammar, text));
        CHECK(!admits(*grammar, text + "z"));
        texts.insert(text);
    }
    CHECK(texts.size() > 20);
}

TEST("a required call is one call, with the arguments that its schema says") {
    const std::string tools =
        tool("book", book()) + "," + tool("nothing", nothing()) + "," + tool("perhaps", perhaps());
    const int n = each(calling(tools), [](Forced & forced) {
        std::set<std::string> called;
        for (int i = 0; i < kWalks || (i < 8 * kWalks && called.size() < 3); ++i) {
            const ChatMessage message = forced.next();
            if (message.tool_calls.size() != 1) return forced.wrong(__LINE__, "no call");
            const ToolCall & call = message.tool_calls[0];
            const std::string arguments = dense(call.arguments);
            called.insert(call.name);
            const bool right = call.name == "book"      ? arguments == dense(kBooked)
                               : call.name == "nothing" ? arguments == "{}"
                                                        : call.name == "perhaps" && kPerhapses.count(arguments) > 0;
            if (!right) return forced.wrong(__LINE__, call.name + " of " + call.arguments);
            if (message.content.find_first_not_of(" \n\t") != std::string::npos)
                return forced.wrong(__LINE__, "prose: " + message.content);
        }
        if (called.size() != 3) forced.wrong(__LINE__, "a tool that is never called");
    });
    CHECK(n >= 70);
}

TEST("each choice of optional arguments can be made") {
    const int n = each(calling(tool("perhaps", perhaps())), [](Forced & forced) {
        std::set<std::string> seen;
        for (int i = 0; i < 400 && seen.size() < kPerhapses.size(); ++i) {
            const ChatMessage message = forced.next();
            if (message.tool_calls.size() != 1) return forced.wrong(__LINE__, "no call");
            seen.insert(dense(message.tool_calls[0].arguments));
        }
        // LFM2 writes calls as Python does, and llama.cpp's parser wants an argument wherever there may be one.
        std::set<std::string> all = kPerhapses;
        if (forced.name.find("LFM2") == 0) all.erase("{}");
        if (seen != all) forced.wrong(__LINE__, std::to_string(seen.size()) + " of them");
    });
    CHECK(n >= 70);
}

TEST("arguments that may be anything are read as they were written") {
    each(calling(tool("say", kFree)), [](Forced & forced) {
        for (int i = 0; i < kWalks; ++i) {
            const ChatMessage message = forced.next();
            if (message.tool_calls.size() != 1) return forced.wrong(__LINE__, "no call");
            const common_json given = common_json::parse(message.tool_calls[0].arguments);
            const bool right =
                given.size() == 2 && given.at("said").is_string() && given.at("count").is_number_integer();
            if (!right) return forced.wrong(__LINE__, message.tool_calls[0].arguments);
            const std::string said = given.at("said"), json = given.at("said").dump();
            const bool plain = json.find('\\') == std::string::npos && forced.text.find('\\') == std::string::npos;
            if (plain && forced.text.find(said) == std::string::npos)
                return forced.wrong(__LINE__, "not said: " + said);
        }
    });
}

TEST("several calls are several, where a template shows several") {
    ChatRequest request = calling(tool("book", book()) + "," + tool("nothing", nothing()));
    request.parallel_tool_calls = true;
    const int n = each(request, [](Forced & forced) {
        size_t most = 0;
        for (int i = 0; i < kWalks || (i < 8 * kWalks && (most > 1) != forced.parallel); ++i) {
            const ChatMessage message = forced.next();
            most = std::max(most, message.tool_calls.size());
            if (message.tool_calls.empty()) return forced.wrong(__LINE__, "no call");
            for (const ToolCall & call : message.tool_calls) {
                if (dense(call.arguments) != (call.name == "book" ? dense(kBooked) : "{}"))
                    return forced.wrong(__LINE__, call.name + " of " + call.arguments);
            }
        }
        if ((most > 1) != forced.parallel) forced.wrong(__LINE__, std::to_string(most) + " calls");
    });
    CHECK(n >= 70);
}

TEST("the content is JSON of the schema") {
    ChatRequest request;
    request.json_schema = book();
    const int n = each(request, [](Forced & forced) {
        for (int i = 0; i < kWalks; ++i) {
            const ChatMessage message = forced.next();
            if (!message.tool_calls.empty()) forced.wrong(__LINE__, "a call");
            if (common_json::parse_no_throw(message.content).dump() != dense(kBooked))
                return forced.wrong(__LINE__, "content: " + message.content);
        }
    });
    CHECK(n >= 70);
}

TEST("with tools and a schema: calls, or content that is JSON of it") {
    ChatRequest request = calling(tool("book", book()) + "," + tool("nothing", nothing()), "auto");
    request.json_schema = Schema("s-").property("said", "string", {R"("<tool_call> {\"a\": 1}")", R"("yes")"}).json();
    const std::set<std::string> contents = {R"({"said":"<tool_call> {\"a\": 1}"})", R"({"said":"yes"})"};
    const int n = each(request, [&](Forced & forced) {
        std::set<std::string> seen;
        for (int i = 0; i < kWalks || (i < 20 * kWalks && seen.size() < 4); ++i) {
            const ChatMessage message = forced.next();
            if (message.tool_calls.empty()) {
                const std::string content = common_json::parse_no_throw(message.content).dump();
                if (!contents.count(content)) return forced.wrong(__LINE__, "content: " + message.content);
                seen.insert(content);
                continue;
            }
            if (message.tool_calls.size() != 1) return forced.wrong(__LINE__, "several calls");
            if (message.content.find_first_not_of(" \n\t") != std::string::npos)
                return forced.wrong(__LINE__, "prose: " + message.content);
            const ToolCall & call = message.tool_calls[0];
            if (dense(call.arguments) != (call.name == "book" ? dense(kBooked) : "{}"))
                return forced.wrong(__LINE__, call.name + " of " + call.arguments);
            seen.insert(call.name);
        }
        if (seen.size() != 4) forced.wrong(__LINE__, std::to_string(seen.size()) + " of them");
    });
    CHECK(n >= 70);
}

TEST("an answer that has begun goes on, under its schema too") {
    for (const auto & [name, source] : templates()) {
        const ChatTemplates chat(fleet_model(), source);
        for (const bool thinking : {true, false}) {
            ChatRequest request;
            request.enable_thinking = thinking;
            request.continue_answer = true;
            request.messages = R"([{"role":"user","content":"Do it."},{"role":"assistant","content":"{\"said\":"}])";
            request.json_schema = Schema("s-").property("said", "string", {R"("yes")"}).json();
            try {
                const RenderedChat begun = chat.render(request);
                const std::string end = R"({"said":)";
                CHECK_EQ(begun.prompt.substr(begun.prompt.size() - end.size()), end);
                Forced forced{begun.format, name, false};
                const ChatMessage message = forced.next();
                if (common_json::parse_no_throw(end + message.content).dump() != R"({"said":"yes"})")
                    forced.wrong(__LINE__, "content: " + message.content);
                if (!message.reasoning.empty()) forced.wrong(__LINE__, "reasoning: " + message.reasoning);
                request.json_schema.clear();
                const ChatMessage free = chat.render(request).format->parse(" and so on", false);
                CHECK_EQ(free.content, " and so on");
                CHECK_EQ(free.reasoning, "");
            } catch (const std::exception & e) {
                fail(__FILE__, __LINE__, name + ": " + e.what());
            }
        }
    }
}

TEST("the content follows the caller's grammar, however its rules are called") {
    ChatRequest request;
    request.grammar =
        "root ::= yes | \"no\" space\nyes ::= \"yes\"\nspace ::= [ ]{1,2} until\nuntil ::= \"x\" | \"<y>\"\n";
    const std::set<std::string> all = {"yes", "no x", "no  x", "no <y>", "no  <y>"};
    const int n = each(request, [&](Forced & forced) {
        std::set<std::string> seen;
        for (int i = 0; i < 400 && seen.size() < all.size(); ++i) seen.insert(forced.next().content);
        if (seen != all) forced.wrong(__LINE__, std::to_string(seen.size()) + " contents, the last: " + *seen.rbegin());
    });
    CHECK(n >= 70);
}

TEST("reasoning that begins with half of a marker is reasoning, and a call follows it") {
    const char * const kCohere = "Cohere2MoE";
    const ChatTemplates chat(fleet_model(), templates().at(kCohere));
    ChatRequest request = calling(tool("nothing", nothing()));
    request.messages = kAsked;
    Forced forced{chat.render(request).format, kCohere, false};
    const std::string call =
        R"(<|START_ACTION|>[{"tool_call_id":"0","tool_name":"nothing","parameters":{}}]<|END_ACTION|>)";
    for (const char * half : {"<|START_TEXT", "<|START_T", "<|", "<|START_ACTIO", "<|END_THINKIN"}) {
        const ChatMessage message = forced.by_characters(half + ("<|END_THINKING|>" + call));
        CHECK_EQ(message.reasoning, half);
        CHECK_EQ(message.tool_calls.size(), 1u);
    }
}
