// Plain vocabulary of the core: ids, time, classes. No state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/words.h"

namespace banyan {

using Token = int32_t;       // index into the model's vocabulary
using PageId = int32_t;      // [0, n_pages); a page holds page_tokens consecutive tokens of one path
using StateId = int32_t;     // [0, n_states); what recurrent layers know after some tokens, saved
using SlotId = int32_t;      // [0, max_running): the llama.cpp sequence id that a running request borrows
using RequestId = uint64_t;  // unique in an engine's life, at most 2^53 (a JavaScript number)
using ProgramId = uint64_t;  // one agent run; 0 = none (the request is a program of its own)
using Salt = uint64_t;       // tenant / adapter: two salts never share a page
using TenantId = uint64_t;   // one customer: tenants share the engine fairly; requests without a tenant are of tenant 0
constexpr int32_t kMostTenantWeight = 1'000;
using GroupId = uint64_t;    // siblings of one fork; 0 = none
using Micros = int64_t;      // a point or a span of the clock that is passed in

constexpr Micros kNever = INT64_MAX / 4;  // later than any point in time, and still safe to add to

constexpr PageId kNoPage = -1;
constexpr SlotId kNoSlot = -1;
constexpr StateId kNoState = -1;

/** Most tokens of a step whose logits are wanted beside those that are sampled from: each takes a row, [vocab]. */
constexpr int32_t kMostScored = 32;

/** Pages that hold n_tokens tokens. */
constexpr int32_t pages_for(int32_t n_tokens, int32_t page_tokens) {
    return (n_tokens + page_tokens - 1) / page_tokens;
}

/** Programs from here on are single requests that came without a program: above all ids of a JavaScript number. */
constexpr ProgramId kAnonymousProgram = 1ull << 63;

/** Latency classes, best first. */
enum class Class : uint8_t { interactive = 0, workflow = 1, background = 2 };
constexpr int kClasses = 3;
template <>
struct Words<Class> {
    static constexpr auto list = words("interactive", "workflow", "background");
};

/** A class as a number that a long wait makes better: 0 is as good as interactive. */
using EffectiveClass = int32_t;
constexpr EffectiveClass number_of(Class cls) {
    return static_cast<EffectiveClass>(cls);
}

/** One value a class: of interactive, workflow and background requests, in this order. */
template <typename T>
struct PerClass : std::array<T, kClasses> {
    T & operator[](Class cls) { return std::array<T, kClasses>::operator[](static_cast<size_t>(cls)); }
    const T & operator[](Class cls) const { return std::array<T, kClasses>::operator[](static_cast<size_t>(cls)); }
};

}  // namespace banyan
