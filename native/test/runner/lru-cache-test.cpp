// The cache of compiled grammars and chat formats: bounded, latest kept.
#include "runner/lru-cache.h"

#include "check.h"

using namespace banyan;

namespace {

struct Counted {
    LruCache<const int> cache{2};
    int made = 0;

    int get(const std::string & key) {
        return *cache.get(key, [&] { return std::make_shared<const int>(++made); });
    }
};

}  // namespace

TEST("a result is made once while it is among the latest") {
    Counted cache;
    CHECK_EQ(cache.get("a"), 1);
    CHECK_EQ(cache.get("b"), 2);
    CHECK_EQ(cache.get("a"), 1);
    CHECK_EQ(cache.get("c"), 3);  // b goes
    CHECK_EQ(cache.get("a"), 1);
    CHECK_EQ(cache.get("b"), 4);
}

TEST("what cannot be made is not kept") {
    LruCache<const int> cache(2);
    const auto fail = []() -> std::shared_ptr<const int> { throw std::runtime_error("no"); };
    bool failed = false;
    try {
        cache.get("a", fail);
    } catch (const std::runtime_error &) {
        failed = true;
    }
    CHECK(failed);
    CHECK_EQ(*cache.get("a", [] { return std::make_shared<const int>(1); }), 1);
}

TEST("a key too long to keep is made each time") {
    Counted cache;
    const std::string huge(1 << 19, 'x');
    CHECK_EQ(cache.get(huge), 1);
    CHECK_EQ(cache.get(huge), 2);
}
