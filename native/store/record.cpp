#include "store/record.h"

#include <algorithm>
#include <cstring>

extern "C" {
#include "hash/xxhash/xxhash.h"
}

namespace banyan::store {

namespace {

constexpr char kMagic[8] = {'b', 'a', 'n', 'y', 'a', 'n', 'k', '1'};
constexpr uint32_t kUsed = 0x6b766731;
constexpr size_t kLongestText = 1024;
constexpr int64_t kFixed = 152;  // of a record, all but its tokens; more than is needed today

/** Values one after the other, in the machine's byte order: the files stay on the machine. */
class Writer {
  public:
    explicit Writer(char * out) : out_(out) {}
    template <typename T>
    void put(const T & value) {
        std::memcpy(out_, &value, sizeof(value));
        out_ += sizeof(value);
    }
    void put(const void * from, size_t n) {
        if (n > 0) std::memcpy(out_, from, n);
        out_ += n;
    }

  private:
    char * out_;
};

class Reader {
  public:
    explicit Reader(const char * in) : in_(in) {}
    template <typename T>
    T get() {
        T value;
        std::memcpy(&value, in_, sizeof(value));
        in_ += sizeof(value);
        return value;
    }
    void get(void * to, size_t n) {
        if (n > 0) std::memcpy(to, in_, n);
        in_ += n;
    }

  private:
    const char * in_;
};

}  // namespace

void seal(char * block, int64_t bytes) {
    const uint64_t sum = XXH3_64bits(block, static_cast<size_t>(bytes - 8));
    std::memcpy(block + bytes - 8, &sum, 8);
}

bool sealed(const char * block, int64_t bytes) {
    uint64_t sum;
    std::memcpy(&sum, block + bytes - 8, 8);
    return sum == XXH3_64bits(block, static_cast<size_t>(bytes - 8));
}

int64_t Geometry::record_bytes() const {
    int64_t bytes = 512;
    while (bytes < kFixed + 4 * int64_t(page_tokens)) bytes *= 2;
    return bytes;
}

std::vector<char> Header::encode() const {
    std::vector<char> block(kHeaderBytes);
    Writer out(block.data());
    out.put(kMagic, sizeof(kMagic));
    out.put(id);
    out.put(geometry.slot_bytes);
    out.put(geometry.page_tokens);
    for (const std::string & text : {identity, label}) {
        const size_t size = std::min(text.size(), kLongestText);
        out.put(static_cast<uint32_t>(size));
        out.put(text.data(), size);
    }
    seal(block.data(), kHeaderBytes);
    return block;
}

bool Header::decode(const char * bytes) {
    if (std::memcmp(bytes, kMagic, sizeof(kMagic)) != 0 || !sealed(bytes, kHeaderBytes)) return false;
    Reader in(bytes + sizeof(kMagic));
    id = in.get<ArenaId>();
    geometry.slot_bytes = in.get<int64_t>();
    geometry.page_tokens = in.get<int32_t>();
    for (std::string * text : {&identity, &label}) {
        const auto size = in.get<uint32_t>();
        if (size > kLongestText) return false;
        text->resize(size);
        in.get(text->data(), size);
    }
    return true;
}

void Record::encode(const Geometry & geometry, char * block) const {
    const int64_t bytes = geometry.record_bytes();
    std::memset(block, 0, static_cast<size_t>(bytes));
    Writer out(block);
    out.put(kUsed);
    out.put(static_cast<uint32_t>(page.kind));
    out.put(page.key);
    out.put(page.parent);
    out.put(generation);
    out.put(used);
    out.put(written);
    out.put(digest);
    out.put(static_cast<uint32_t>(tokens.size()));
    out.put(tokens.data(), tokens.size() * sizeof(Token));
    seal(block, bytes);
}

bool Record::decode(const Geometry & geometry, const char * block) {
    Reader in(block);
    if (in.get<uint32_t>() != kUsed || !sealed(block, geometry.record_bytes())) return false;
    const auto kind = in.get<uint32_t>();
    page.kind = kind == 1 ? ColdKind::fixed : ColdKind::history;
    page.key = in.get<PageKey>();
    page.parent = in.get<PageKey>();
    generation = in.get<uint64_t>();
    used = in.get<uint32_t>();
    written = in.get<uint32_t>();
    digest = in.get<Digest>();
    const auto n = in.get<uint32_t>();
    if (kind > 1 || n > static_cast<uint32_t>(geometry.page_tokens)) return false;
    tokens.resize(n);
    in.get(tokens.data(), n * sizeof(Token));
    return true;
}

Digest digest_of(const ArenaId & arena, int32_t slot, uint64_t generation, const PageKey & key, const char * bytes,
                 int64_t n_bytes) {
    std::array<char, sizeof(arena) + sizeof(slot) + sizeof(generation) + sizeof(key)> place;
    Writer out(place.data());
    out.put(arena);
    out.put(slot);
    out.put(generation);
    out.put(key);
    const uint64_t seed = XXH3_64bits(place.data(), place.size());
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, static_cast<size_t>(n_bytes), seed);
    return {hash.low64, hash.high64};
}

}  // namespace banyan::store
