// How a model makes one vector of a text: its tokens' vectors averaged, or that of the first or the last token.
#pragma once

#include <cstdint>

#include "core/words.h"

namespace banyan {

class Model;

enum class Pooling : uint8_t { none, mean, cls, last };  // none: the model generates text
template <>
struct Words<Pooling> {
    static constexpr auto list = words("none", "mean", "cls", "last");
};

/** What the caller wants; automatic: what the model's file says. */
enum class PoolingChoice : uint8_t { automatic, mean, cls, last };
template <>
struct Words<PoolingChoice> {
    static constexpr auto list = words("auto", "mean", "cls", "last");
};

/** Throws Error MODEL_UNSUPPORTED for a reranker, and for an encoder whose file does not say how it pools. */
Pooling pooling_of(const Model & model, PoolingChoice choice);

/** Of a text that is read in several steps the last one gives the vector: no token needs those behind it. */
bool reads_in_pieces(const Model & model, Pooling pooling);

}  // namespace banyan
