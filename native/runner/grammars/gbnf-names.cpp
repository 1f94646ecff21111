#include "runner/grammars/gbnf-names.h"

#include <cctype>

namespace banyan {

std::string with_prefix(const std::string & gbnf, const std::string & prefix) {
    const auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; };
    std::string out;
    char until = 0;  // ends the literal, class, count, token or comment; 0: in none
    for (size_t i = 0; i < gbnf.size(); ++i) {
        const char c = gbnf[i];
        out += c;
        if (until) {
            if (c == '\\' && (until == '"' || until == ']') && i + 1 < gbnf.size()) {
                out += gbnf[++i];
            } else if (c == until || (until == '\n' && c == '\r')) {
                until = 0;
            }
            continue;
        }
        until = c == '"' ? '"' : c == '[' ? ']' : c == '{' ? '}' : c == '<' ? '>' : c == '#' ? '\n' : 0;
        if (!in_name(c)) continue;
        out.insert(out.size() - 1, prefix);
        while (i + 1 < gbnf.size() && in_name(gbnf[i + 1])) out += gbnf[++i];
    }
    return out;
}

}  // namespace banyan
