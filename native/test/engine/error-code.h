// What a call is refused with.
#pragma once

#include <string>

#include "runner/error.h"

namespace banyan::test {

/** The code of the Error that f throws, '' = none. */
template <typename F>
std::string code_of(F f) {
    try {
        f();
    } catch (const Error & e) {
        return e.code;
    }
    return "";
}

}  // namespace banyan::test
