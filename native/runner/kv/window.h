// Which earlier positions a token may attend to, as an interval.
#pragma once

#include <algorithm>
#include <cstdint>

namespace banyan {

/** The attention window of a cache; the same rules as llama_hparams::is_masked_swa under causal attention. */
struct Window {
    enum class Kind : uint8_t { full, sliding, chunked, symmetric } kind = Kind::full;
    int32_t size = 0;

    /** First position that the token at `position` sees; it sees [lo(position), position]. */
    int32_t lo(int32_t position) const {
        switch (kind) {
            case Kind::sliding:
                return std::max(0, position - size + 1);
            case Kind::chunked:
                return position / size * size;
            case Kind::symmetric:
                return std::max(0, position - size / 2);
            case Kind::full:
                break;
        }
        return 0;
    }
};

}  // namespace banyan
