#include "runner/grammars/reasoning-tags.h"

#include "chat.h"
#include "runner/grammars/parser-tree.h"

namespace banyan {

std::string trimmed(const std::string & text) {
    const size_t begin = text.find_first_not_of(" \n\r\t");
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \n\r\t") - begin + 1);
}

ReasoningTags reasoning_tags(const common_chat_params & params) {
    ReasoningTags tags;
    tags.start = trimmed(params.thinking_start_tag);
    if (!params.thinking_end_tags.empty()) tags.end = trimmed(params.thinking_end_tags.front());
    if (tags.end.empty() && !params.parser.empty()) {
        const ParserTree tree(params.parser);
        const ParserTree::Node block = tree.find_tag(tree.root(), "reasoning");
        const auto ends = block < 0 ? std::vector<std::string>() : tree.delimiters(block);
        if (!ends.empty()) tags.end = trimmed(ends.front());
        tree.find(tree.root(), [&](ParserTree::Node at) {
            const ParserTree::Nodes & parts = tree.children(at);
            for (size_t i = 1; i < parts.size(); ++i) {
                if (tree.tagged(parts[i], "reasoning")) tags.start = trimmed(tree.field(parts[i - 1], "literal"));
            }
            return false;
        });
    }
    const std::string & prompt = params.generation_prompt;
    const size_t start = tags.start.empty() ? std::string::npos : prompt.rfind(tags.start);
    const size_t end = tags.end.empty() ? std::string::npos : prompt.rfind(tags.end);
    tags.opened = start != std::string::npos && (end == std::string::npos || end < start);
    return tags;
}

std::string prompt_to_read(const common_chat_params & params) {
    std::string prompt = params.generation_prompt;
    const std::string end = reasoning_tags(params).end;
    const size_t size = prompt.find_last_not_of(" \n") + 1;
    const bool closed = !end.empty() && size >= end.size() && prompt.compare(size - end.size(), end.size(), end) == 0;
    if (closed) prompt.resize(size);
    return prompt;
}

}  // namespace banyan
