#include "store/claims.h"

#include <array>
#include <cstring>
#include <tuple>

#include "store/record.h"

namespace banyan::store {

namespace {

constexpr size_t kMost = 64;
constexpr int64_t kAlive = 10;    // seconds: a writer that still needs it says so each second
constexpr uint32_t kMargin = 60;  // seconds: writers who use theirs alike each replace their own
constexpr uint64_t kMagic = 0x316d6c63'6e6e6162;

/** In the machine's byte order: the file stays on the machine. */
struct Entry {
    uint64_t magic = kMagic, writer = 0;
    int64_t made = 0, ceiling = 0;
    uint32_t kind = 0, used = 0;
    uint64_t spare[2] = {};
    uint64_t sum = 0;  // of all before it
};
static_assert(sizeof(Entry) == 64);

using Entries = std::array<Entry, kMost>;

/** As far as they are whole; the rest is empty. */
Entries read_all(FileSystem & files, const std::string & path) {
    Entries entries;
    int error = 0;
    if (files.stamp(path).number == 0) return entries;
    const auto file = files.open(path, OpenFor::reading, error);
    const int64_t got = file ? file->read(entries.data(), sizeof(entries), 0) : 0;
    for (size_t i = 0; i < kMost; ++i) {
        Entry & entry = entries[i];
        const bool there = static_cast<int64_t>((i + 1) * sizeof(Entry)) <= got;
        const bool whole = there && entry.magic == kMagic && sealed(reinterpret_cast<char *>(&entry), sizeof(entry));
        if (!whole || entry.kind > static_cast<uint32_t>(ColdKind::fixed)) entry = {};
    }
    return entries;
}

bool alive(const Entry & entry, int64_t now) {
    return entry.writer != 0 && entry.made <= now && now - entry.made <= kAlive;
}

}  // namespace

bool Worth::far_below(const Worth & other) const {
    if (kind != other.kind) return kind < other.kind;
    return used + uint64_t(kMargin) <= other.used;
}

int Claims::make(uint64_t writer, const Claim & claim) {
    const Entries entries = read_all(files_, path_);
    const int64_t now = files_.wall_seconds();
    size_t place = kMost;
    for (size_t i = kMost; i-- > 0;) {
        if (!alive(entries[i], now)) place = i;
    }
    for (size_t i = 0; i < kMost; ++i) {
        if (entries[i].writer == writer) place = i;
    }
    if (place == kMost) return 0;  // so many others want more, too
    Entry entry;
    entry.writer = writer;
    entry.made = now;
    entry.ceiling = claim.ceiling;
    entry.kind = static_cast<uint32_t>(claim.worth.kind);
    entry.used = claim.worth.used;
    seal(reinterpret_cast<char *>(&entry), sizeof(entry));
    int error = 0;
    const auto file = files_.open(path_, OpenFor::writing, error);
    return file ? file->write(&entry, sizeof(entry), static_cast<int64_t>(place * sizeof(entry))) : error;
}

std::optional<Claim> Claims::of_others(uint64_t writer) {
    std::optional<Claim> most;
    const int64_t now = files_.wall_seconds();
    for (const Entry & entry : read_all(files_, path_)) {
        if (!alive(entry, now) || entry.writer == writer) continue;
        const Claim claim{{static_cast<ColdKind>(entry.kind), entry.used}, entry.ceiling};
        const auto rank = [](const Claim & c) { return std::tie(c.worth.kind, c.worth.used); };
        if (!most || rank(*most) < rank(claim)) most = claim;
    }
    return most;
}

}  // namespace banyan::store
