#include "runner/chat/template-guard.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"

namespace banyan {

namespace {

using Kind = jinja::token::type;

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxDepth = 400;  // of 70 templates of real models the deepest has 82
constexpr int kBlock = 4;       // as deep as so many operators: a bracket takes the parser through all precedences
constexpr int64_t kBudget = 50'000'000;
constexpr int64_t kBudgetOfMessage = 400'000;  // as it is, to look back over two thousand others
constexpr int64_t kBudgetOfByte = 32;          // of JSON that is all numbers
constexpr int64_t kMostBudget = 1'000'000'000;
constexpr int64_t kMostMemory = 2LL << 30;
constexpr int64_t kMostTime = 15'000'000;  // microseconds of this thread's own; a slow CPU beside a busy one needs ten

/** Of this thread: what a template may still get beyond what it has. */
thread_local int64_t rest = 0;
thread_local int64_t most_memory = 0;
thread_local int64_t latest = 0;

/** Microseconds that this thread has computed: a unit takes longer on one machine than on another. */
int64_t thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

/** Bytes that the process had at most. */
int64_t peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return usage.ru_maxrss;
#else
    return usage.ru_maxrss * 1024;
#endif
}

/** The budget comes in portions: what is spent buys memory too, and that has a bound of its own. */
bool next_portion() {
    if (rest <= 0 || peak_memory() > most_memory || thread_time() > latest) return false;
    const int64_t portion = std::min(rest, kBudget);
    rest -= portion;
    return (jinja::budget::left() += portion) >= 0;
}

/** How deep one {{ }} or {% %} goes: a + b + c is a level for each, as is every open bracket; commas lie side by side.
 */
class Expression {
  public:
    int depth() const { return depth_; }
    bool in_brackets() const { return levels_.size() > 1; }

    void add(Kind kind) {
        switch (kind) {
            case Kind::open_paren:
            case Kind::open_square_bracket:
            case Kind::open_curly_bracket:
                deeper(kBlock);
                levels_.push_back(0);
                break;
            case Kind::close_paren:
            case Kind::close_square_bracket:
            case Kind::close_curly_bracket:
                leave();
                if (levels_.size() > 1) levels_.pop_back();
                break;
            case Kind::comma:
            case Kind::colon:
                leave();
                break;
            default:
                deeper(1);
        }
    }

  private:
    void deeper(int n) {
        levels_.back() += n;
        depth_ += n;
    }
    void leave() {
        depth_ -= levels_.back();
        levels_.back() = 0;
    }

    std::vector<int> levels_{0};  // by open bracket: what was added inside it, the brackets within not counted
    int depth_ = 0;               // their sum
};

/** The blocks that are open. An `elif` is one more `if` inside the one before. */
class Blocks {
  public:
    int depth() const { return depth_; }

    /** A {% %} that begins with `word`; assigns: it has an = outside brackets, so a `set` opens nothing. */
    void add(const std::string & word, bool assigns) {
        static const char * const kOpening[] = {"if", "for", "macro", "call", "filter", "set"};
        const auto is = [&](const char * other) { return word == other; };
        if (is("elif") && !open_.empty()) {
            ++open_.back();
            depth_ += kBlock;
        } else if (std::any_of(std::begin(kOpening), std::end(kOpening), is)) {
            if (is("set") && assigns) return;
            open_.push_back(1);
            depth_ += kBlock;
        } else if (word.compare(0, 3, "end") == 0 && !is("endgeneration") && !open_.empty()) {
            depth_ -= kBlock * open_.back();
            open_.pop_back();
        }
    }

  private:
    std::vector<int> open_;  // by block: levels that end with it
    int depth_ = 0;
};

}  // namespace

void check_template(const std::string & source) {
    if (source.size() > kMaxBytes) throw std::runtime_error("the chat template is larger than 1 MiB");
    const jinja::lexer_result lexed = jinja::lexer().tokenize(source);
    const std::vector<jinja::token> & tokens = lexed.tokens;
    Blocks blocks;
    Expression expression;
    std::string word;
    bool assigns = false;
    for (size_t i = 0; i < tokens.size(); ++i) {
        const Kind kind = tokens[i].t;
        if (kind == Kind::open_statement || kind == Kind::open_expression) {
            expression = {};
            word = kind == Kind::open_statement && i + 1 < tokens.size() ? tokens[i + 1].value : "";
            assigns = false;
        } else if (kind == Kind::close_statement) {
            blocks.add(word, assigns);
        } else if (kind != Kind::text && kind != Kind::comment) {
            assigns = assigns || (kind == Kind::equals && !expression.in_brackets());
            expression.add(kind);
        }
        if (blocks.depth() + expression.depth() > kMaxDepth) {
            throw std::runtime_error("the chat template is nested too deeply");
        }
    }
    jinja::parse_from_tokens(lexed);  // common_chat_templates_init slices the exception: no word of it is left
}

TemplateBudget::TemplateBudget(size_t messages, size_t bytes) {
    const auto budget = [](size_t count, int64_t each) {
        return std::min<int64_t>(static_cast<int64_t>(count), kMostBudget / each) * each;
    };
    rest = std::min(budget(messages, kBudgetOfMessage) + budget(bytes, kBudgetOfByte), kMostBudget);
    most_memory = peak_memory() + kMostMemory;
    latest = thread_time() + kMostTime;
    jinja::budget::left() = kBudget;
    jinja::budget::more() = next_portion;
}

bool TemplateBudget::spent() const {
    return jinja::budget::left() < 0;
}

TemplateBudget::~TemplateBudget() {
    jinja::budget::left() = INT64_MAX;
    jinja::budget::more() = nullptr;
}

}  // namespace banyan
