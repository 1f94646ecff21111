// The whole test harness of the C++ tests: TEST("name") { CHECK(x); CHECK_EQ(a, b); }, one executable a file.
// A failed check is printed and counted; the test goes on, the process exits with 1. `TEST_MAIN` is included.
#pragma once

#include <cstdio>
#include <cstring>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace banyan::test {

struct Case {
    const char * name;
    std::function<void()> run;
};

inline std::vector<Case> & cases() {
    static std::vector<Case> all;
    return all;
}

inline int & failures() {
    static int count = 0;
    return count;
}

inline bool add(const char * name, std::function<void()> run) {
    cases().push_back({name, std::move(run)});
    return true;
}

inline void fail(const char * file, int line, const std::string & what) {
    ++failures();
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

template <typename A, typename B>
void check_eq(const A & a, const B & b, const char * text, const char * file, int line) {
    if (a == b) return;
    std::ostringstream out;
    out << text << ": " << a << " != " << b;
    fail(file, line, out.str());
}

/** Runs the cases whose name contains argv[1] (all without it). */
inline int run_all(int argc, char ** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);  // a case that aborts hides none before it
    int ran = 0;
    for (const Case & c : cases()) {
        if (argc > 1 && !std::strstr(c.name, argv[1])) continue;
        const int before = failures();
        c.run();
        ++ran;
        std::printf("%s  %s\n", failures() == before ? "ok  " : "FAIL", c.name);
    }
    std::printf("%d tests, %d failed checks\n", ran, failures());
    return failures() == 0 && ran > 0 ? 0 : 1;
}

}  // namespace banyan::test

#define BANYAN_JOIN_(a, b) a##b
#define BANYAN_JOIN(a, b) BANYAN_JOIN_(a, b)
#define TEST(name)                                                                                          \
    static void BANYAN_JOIN(test_, __LINE__)();                                                             \
    static const bool BANYAN_JOIN(added_, __LINE__) = banyan::test::add(name, BANYAN_JOIN(test_, __LINE__)); \
    static void BANYAN_JOIN(test_, __LINE__)()
#define CHECK(x)                                                        \
    do {                                                                \
        if (!(x)) banyan::test::fail(__FILE__, __LINE__, "CHECK " #x);  \
    } while (0)
#define CHECK_EQ(a, b) banyan::test::check_eq((a), (b), #a " == " #b, __FILE__, __LINE__)

#ifndef BANYAN_TEST_NO_MAIN
int main(int argc, char ** argv) { return banyan::test::run_all(argc, argv); }
#endif
