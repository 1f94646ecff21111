// How long an answer may reason: pieces of text in, the token that must come out.
#include "runner/constraints/thinking-budget.h"

#include "check.h"

using namespace banyan;
using namespace banyan::test;

namespace {

const std::vector<Token> kClosing = {7, 8};

ThinkingBudget budget(int32_t limit, bool opened, const std::string & start = "<think>") {
    return {ReasoningTags{start, "</think>", opened}, kClosing, limit};
}

void say(ThinkingBudget & thinking, const std::vector<std::string> & pieces) {
    for (const std::string & piece : pieces) {
        CHECK_EQ(thinking.forced(), -1);
        thinking.accept(piece);
    }
}

void closes(ThinkingBudget & thinking) {
    CHECK_EQ(thinking.forced(), 7);
    thinking.accept("</thi");
    CHECK_EQ(thinking.forced(), 8);
    thinking.accept("nk>");
    CHECK_EQ(thinking.forced(), -1);
}

}  // namespace

TEST("reasoning that the prompt opened is closed after its tokens, and then nothing is forced") {
    ThinkingBudget thinking = budget(2, true);
    say(thinking, {"a", " b"});
    closes(thinking);
    say(thinking, {"an", " answer", "<think>", "of any", "length", "."});
    ThinkingBudget none = budget(0, true);
    closes(none);
}

TEST("reasoning that the model opens counts from its tag on, which may come in pieces") {
    ThinkingBudget thinking = budget(1, false);
    say(thinking, {"\n", "<th", "ink", ">", "a"});
    closes(thinking);
}

TEST("a tag far behind the beginning is talk") {
    ThinkingBudget thinking = budget(1, false);
    say(thinking, {std::string(100, 'x'), "<think>", "a", "b", "c"});
}

TEST("the end tag ends it, also in pieces") {
    ThinkingBudget thinking = budget(6, true);
    say(thinking, {"a", "b</", "thi", "nk>", "c", "d", "e", "f"});
}

TEST("a character is not cut: the tag waits for its last byte") {
    ThinkingBudget thinking = budget(1, true);
    say(thinking, {"\xF0\x9F", "\x99", "\x82"});
    closes(thinking);
}

TEST("what cannot stand there is given up; a format without an end tag has nothing to close") {
    ThinkingBudget thinking = budget(0, true);
    thinking.give_up();
    say(thinking, {"a", "b"});
    ThinkingBudget endless{ReasoningTags{"<think>", "", true}, {}, 0};
    say(endless, {"a", "b"});
    ThinkingBudget unopened = budget(0, false, "");
    closes(unopened);
}
