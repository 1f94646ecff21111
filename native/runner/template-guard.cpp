#include "runner/template-guard.h"

#include <cstdint>
#include <stdexcept>

#include "jinja/runtime.h"

namespace banyan {

namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxDepth = 200;
constexpr int64_t kBudget = 50'000'000;

/** Change of block depth by the statement that starts at `at`, after its "{%". */
int block_step(const std::string & source, size_t at) {
    at = source.find_first_not_of("-+ \t\r\n", at);
    if (at == std::string::npos) return 0;
    if (source.compare(at, 3, "end") == 0) return -1;
    for (const char * word : {"if", "for", "macro", "call", "filter", "generation"}) {
        if (source.compare(at, std::char_traits<char>::length(word), word) == 0) return 1;
    }
    return 0;
}

}  // namespace

void check_template(const std::string & source) {
    if (source.size() > kMaxBytes) throw std::runtime_error("the chat template is larger than 1 MiB");
    int blocks = 0, brackets = 0;
    char quote = 0;
    bool code = false;  // between {{ or {% and its end
    for (size_t i = 0; i < source.size(); ++i) {
        const char c = source[i], next = i + 1 < source.size() ? source[i + 1] : 0;
        if (!code) {
            if (c == '{' && next == '#') {
                const size_t end = source.find("#}", i + 2);
                if (end == std::string::npos) return;
                i = end + 1;
                continue;
            }
            if (c != '{' || (next != '{' && next != '%')) continue;
            if (next == '%') blocks += block_step(source, i + 2);
            code = true;
            brackets = 0;
            ++i;
        } else if (quote) {
            if (c == '\\') ++i;
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if ((c == '%' || (c == '}' && brackets <= 0)) && next == '}') {
            code = false;
            ++i;
        } else if (c == '(' || c == '[' || c == '{') {
            ++brackets;
        } else if (c == ')' || c == ']' || c == '}') {
            --brackets;
        }
        if (blocks > kMaxDepth || brackets > kMaxDepth)
            throw std::runtime_error("the chat template is nested too deeply");
    }
}

TemplateBudget::TemplateBudget() {
    jinja::budget::left() = kBudget;
}

TemplateBudget::~TemplateBudget() {
    jinja::budget::left() = INT64_MAX;
}

}  // namespace banyan
