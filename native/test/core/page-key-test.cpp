#include "core/memory/page-key.h"

#include <unordered_set>
#include <vector>

#include "check.h"

using namespace banyan;

namespace {

std::string hex(const PageKey & key) {
    std::string out;
    for (const uint8_t byte : key.bytes) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

std::vector<Token> counting(int32_t n) {
    std::vector<Token> tokens;
    for (int32_t i = 0; i < n; ++i) tokens.push_back(i);
    return tokens;
}

}  // namespace

// Computed by Python's hashlib. A change here makes every store on every disk useless: raise "banyan-kv/1" with it.
TEST("keys are the same on every machine") {
    CHECK_EQ(hex(root_key("model", "")), "33c203525dda09bc0ea53ef74db8cd8ca96bc5b7874c710d7d19fb7c5a71b1c8");
    CHECK_EQ(hex(root_key("model", "tenant")), "1ceab5193e8daaa7160eaf1680bbe5c1469fa6fa42d3ef0e7f2a077d8d667a61");
    const PageKey first = page_key(root_key("model", ""), counting(32).data(), 32);
    CHECK_EQ(hex(first), "ebd270fd7afff35f1589c1be0075992d0d7ee89d177d948c0ef85147aa66eebe");
    std::vector<Token> second(32, 151643);
    second[0] = INT32_MAX;
    second[1] = -1;
    CHECK_EQ(hex(page_key(first, second.data(), 32)),
             "d03d70052f19e2c3e48a4b6251386625421725412b8fec3994dff823c6f5631e");
}

TEST("pages longer than the hash's buffer are hashed whole") {
    const std::vector<Token> tokens = counting(256);
    CHECK_EQ(hex(page_key(root_key("model", ""), tokens.data(), 256)),
             "8206b9da512510e9e9217ae74c9aa87bbc9c7421c272e2e132099ed7c9e5c3c6");
    CHECK_EQ(hex(page_key(root_key("model", ""), tokens.data(), 100)),
             "633a2744fb4cf9a4573474816c85621f315c90cfc7b2f2dc3ca243e8f8c0bb1a");
}

TEST("identity, tenant, place and tokens each change the key; where one text ends and the next begins does too") {
    const std::vector<Token> tokens = counting(32), other(32, 7);
    std::unordered_set<PageKey, PageKeyHash> keys;
    size_t n = 0;
    for (const auto & [identity, tenant] : std::vector<std::pair<std::string, std::string>>{
             {"model", ""}, {"mode", "l"}, {"", "model"}, {"model", "a"}, {"model2", ""}}) {
        PageKey parent = root_key(identity, tenant);
        for (const auto * page : {&tokens, &tokens, &other}) {
            parent = page_key(parent, page->data(), 32);
            keys.insert(parent);
            ++n;
        }
        keys.insert(page_key(parent, tokens.data(), 31));
        ++n;
    }
    CHECK_EQ(keys.size(), n);
}
