// What reading an answer costs: bytes that the parser is given, for answers of 1,000 and of 4,000 tokens, written piece
// by piece. Twice the answer, twice the work; nothing here looks at a clock.
#include "runner/answers/answer-parser.h"

#include <functional>
#include <map>

#include "check.h"
#include "runner/chat/chat-format.h"
#include "runner/chat/chat-templates.h"
#include "runner/fleet.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr const char * kTools = R"([{"type": "function", "function": {"name": "write", "description": "Writes",
    "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}}])";

/** Qwen3-Coder's way: arguments between tags, their texts as they are. */
constexpr const char * kTagged = R"({%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' }}
{%- if message.content is string %}{{- message.content }}{%- endif %}
{%- for call in message.tool_calls or [] %}{{- '\n<tool_call>\n<function=' + call.function.name + '>\n' }}
{%- for name, value in call.function.arguments | items %}
{{- '<parameter=' + name + '>\n' + value + '\n</parameter>\n' }}
{%- endfor %}{{- '</function>\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\n' }}{%- endfor %}
{%- if tools %}{{- tools | tojson }}{%- endif %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %})";

std::shared_ptr<const AnswerSyntax> syntax_of(const char * source) {
    const ChatTemplates templates(fleet_model(), source);
    ChatRequest request;
    request.messages = R"([{"role": "user", "content": "Hello"}])";
    request.tools = kTools;
    return templates.render(request).format->syntax();
}

struct Example {
    const char * name;
    const char * source;  // '' = the model's own template: calls as JSON
    std::string begin, unit, end;
    size_t calls;           // of an answer with n units: this many, 0, or kEach
    size_t bytes = 16'000;  // 4,000 tokens
};
constexpr size_t kEach = static_cast<size_t>(-1);

const std::string kJsonCall = R"(<tool_call>{"name": "write", "arguments": {"text": "a few words"}}</tool_call>)";
const std::string kTaggedOpen = "\n<tool_call>\n<function=write>\n<parameter=text>\n";
const std::string kTaggedEnd = "\n</parameter>\n</function>\n</tool_call>";

const std::vector<Example> & examples() {
    static const std::vector<Example> all = {
        {"prose", "", "", "Some words, é and 🙂 too.\n", "", 0},
        {"prose about a tag", "", "", "The tag `<tool_call>` opens a call.\n", "", 0},
        {"a tag on every line", "", "", "<tool_call>\n", "", 0},
        {"calls that are none", "", "", "<tool_call>{\"name\": \"read\"}</tool_call>\n", "", 0},
        {"reasoning", "", "<think>\n", "I think of <tool_call> and of nothing. ", "</think>\nYes.", 0},
        {"a call with a long text", "", R"(<tool_call>{"name": "write", "arguments": {"text": ")", "some words, ",
         R"("}}</tool_call>)", 1},
        {"a long text in a call that fails", "", R"(<tool_call>{"name": "write", "arguments": {"text": ")",
         "some words, ", R"(" and}}</tool_call>)", 0},
        {"a long text between tags", kTagged, kTaggedOpen, "some words, ", kTaggedEnd, 1},
        {"a call that never ends", kTagged, kTaggedOpen, "some words, ", "", 0},
        {"calls in a call that fails", kTagged, "", kTaggedOpen, "\n</parameter>\nno", 0, 160'000},
        {"many calls", "", "", kJsonCall + "\n", "", kEach},
    };
    return all;
}

struct Work {
    size_t bytes = 0, parsed = 0;
    size_t deltas = 0;  // of arguments, told before their call was whole
};

/** Reads the example with so many bytes at least, in pieces of 4. */
Work read(const Example & example, size_t bytes) {
    std::string text = example.begin;
    size_t units = 0;
    for (; text.size() < bytes; ++units) text += example.unit;
    text += example.end;
    AnswerParser reader(syntax_of(example.source));
    ChatMessage all;
    std::map<int32_t, std::string> told;  // arguments, by call
    size_t deltas = 0;
    const auto add = [&](const AnswerPart & part) {
        for (const CallPiece & piece : part.pieces) {
            if (piece.stage == CallStage::args) ++deltas;
            told[piece.index] = piece.stage == CallStage::args ? told[piece.index] + piece.arguments : "";
        }
        for (size_t i = 0; i < part.tool_calls.size(); ++i) {
            CHECK_EQ(told[static_cast<int32_t>(all.tool_calls.size() + i)], part.tool_calls[i].arguments);
        }
        all.content += part.content;
        all.reasoning += part.reasoning;
        all.tool_calls.insert(all.tool_calls.end(), part.tool_calls.begin(), part.tool_calls.end());
    };
    for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
        end = std::min(begin + 4, text.size());
        while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
        add(reader.push(text.substr(begin, end - begin)));
    }
    add(reader.finish());
    CHECK_EQ(all.tool_calls.size(), example.calls == kEach ? units : example.calls);
    if (all.tool_calls.empty()) CHECK(all.content.size() + all.reasoning.size() + 32 > text.size());
    return {text.size(), reader.work(), deltas};
}

}  // namespace

TEST("reading an answer of 4,000 tokens costs linear work") {
    for (const Example & example : examples()) {
        const Work quarter = read(example, example.bytes / 4), whole = read(example, example.bytes);
        std::printf("%-36s %7zu bytes: %5.1f parsed each; of a quarter %5.1f\n", example.name, whole.bytes,
                    static_cast<double>(whole.parsed) / whole.bytes,
                    static_cast<double>(quarter.parsed) / quarter.bytes);
        CHECK(whole.parsed <= 64 * whole.bytes);
        CHECK(whole.parsed <= 5 * quarter.parsed);
    }
}

TEST("arguments are told with each piece where they are JSON, and often where they are made JSON") {
    for (const Example & example : examples()) {
        const Work work = read(example, example.bytes);
        const std::string name = example.name;
        if (name == "a call with a long text") CHECK(work.deltas * 4 + 200 >= work.bytes);
        if (name == "a long text between tags") CHECK(work.deltas >= 100);
    }
}
