#include "runner/drafting/same-vocabulary.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "llama.h"
#include "runner/model.h"

namespace banyan {

namespace {

constexpr int32_t kMostPadding = 128;

struct Special {
    const char * name;
    llama_token (*token)(const llama_vocab *);
};
constexpr Special kSpecial[] = {
    {"that begins a text", llama_vocab_bos},
    {"that ends a text", llama_vocab_eos},
    {"that ends a turn", llama_vocab_eot},
};

std::string number(int64_t n) {
    return std::to_string(n);
}

}  // namespace

std::string vocabulary_difference(const Model & a, const Model & b) {
    const llama_vocab *const one = a.vocab(), *const other = b.vocab();
    const int32_t n_one = a.info().vocab_size, n_other = b.info().vocab_size;
    if (llama_vocab_type(one) != llama_vocab_type(other)) return "its tokenizer is of another kind";
    if (std::abs(n_one - n_other) > kMostPadding) return number(n_other) + " tokens instead of " + number(n_one);
    for (const Special & special : kSpecial) {
        if (special.token(one) == special.token(other)) continue;
        return std::string("the token ") + special.name + " is " + number(special.token(other)) + " instead of " +
               number(special.token(one));
    }
    if (llama_vocab_get_add_bos(one) != llama_vocab_get_add_bos(other)) {
        return "only one of them begins each text with a token of its own";
    }
    for (Token token = 0; token < std::min(n_one, n_other); ++token) {
        const bool same = std::strcmp(llama_vocab_get_text(one, token), llama_vocab_get_text(other, token)) == 0;
        if (!same) return "token " + number(token) + " is another text";
        if (llama_vocab_is_control(one, token) != llama_vocab_is_control(other, token)) {
            return "token " + number(token) + " is special in only one of them";
        }
    }
    return "";
}

}  // namespace banyan
