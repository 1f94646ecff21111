// Outcomes in failed checks are words.
#pragma once

#include <ostream>

#include "store/page-store.h"

namespace banyan {

inline std::ostream & operator<<(std::ostream & out, StoreOutcome outcome) {
    return out << word_of(outcome);
}

}  // namespace banyan
