// What the files of an arena say, as bytes: a header each, a record a slot, a checksum a page.
//
// Invariant: a record decodes only as it was encoded, whole; a page's digest fits only its own bytes, in the slot, the
// generation and the arena that it was written for. So whatever a crash or another process leaves behind is a miss.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/memory/cold-page.h"

namespace banyan::store {

constexpr int64_t kHeaderBytes = 4096;

/** Sizes that all slots of an arena share. */
struct Geometry {
    int64_t slot_bytes = 0;
    int32_t page_tokens = 0;

    bool operator==(const Geometry & o) const { return slot_bytes == o.slot_bytes && page_tokens == o.page_tokens; }
    /** From one slot to the next: whole blocks. */
    int64_t stride() const { return (slot_bytes + 4095) / 4096 * 4096; }
    /** 512 for pages of up to 64 tokens. */
    int64_t record_bytes() const;
};

using ArenaId = std::array<uint64_t, 2>;  // random, new with each arena
using Digest = std::array<uint64_t, 2>;

/** The first 4 KiB of both files. */
struct Header {
    ArenaId id{};
    Geometry geometry;
    std::string identity;  // in full, at most 1 KiB
    std::string label;     // for people: which model; the same length at most

    std::vector<char> encode() const;
    /** False: not a header of this version, or not whole. */
    bool decode(const char * bytes);
};

struct Record {
    ColdPage page;
    std::vector<Token> tokens;
    uint64_t generation = 0;  // of the slot: how often it was written
    uint32_t used = 0;        // wall seconds of the last use, roughly
    uint32_t written = 0;     // wall seconds
    Digest digest{};

    /** [record_bytes] */
    void encode(const Geometry & geometry, char * out) const;
    /** False: the slot is free, or the record is not whole. */
    bool decode(const Geometry & geometry, const char * bytes);
};

/** The last 8 bytes of a block become the checksum of those before them. */
void seal(char * block, int64_t bytes);
bool sealed(const char * block, int64_t bytes);

Digest digest_of(const ArenaId & arena, int32_t slot, uint64_t generation, const PageKey & key, const char * bytes,
                 int64_t n_bytes);

}  // namespace banyan::store
