#include "store/arena.h"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace banyan::store {

namespace {

constexpr int64_t kScanBytes = 1 << 20;

std::string slots_of(const std::string & base) {
    return base + ".slots";
}

std::string index_of(const std::string & base) {
    return base + ".index";
}

bool read_header(File & file, Header & header) {
    std::vector<char> block(kHeaderBytes);
    return file.read(block.data(), kHeaderBytes, 0) == kHeaderBytes && header.decode(block.data());
}

}  // namespace

bool Arena::read_headers(const Header & like) {
    Header slots;
    if (!read_header(*index_, header_) || !read_header(*slots_, slots)) return false;
    slots_number_ = slots_->number();
    index_number_ = index_->number();
    return header_.id == slots.id && header_.geometry == like.geometry && header_.identity == like.identity;
}

std::unique_ptr<Arena> Arena::open(FileSystem & files, const std::string & base, const Header & like) {
    int error = 0;
    auto slots = files.open(slots_of(base), OpenFor::reading, error);
    auto index = slots ? files.open(index_of(base), OpenFor::reading, error) : nullptr;
    if (!index) return nullptr;
    std::unique_ptr<Arena> arena(new Arena(base, std::move(slots), std::move(index)));
    return arena->read_headers(like) ? std::move(arena) : nullptr;
}

std::unique_ptr<Arena> Arena::own(FileSystem & files, const std::string & base, const Header & like, int & error) {
    auto index = files.open(index_of(base), OpenFor::writing, error);
    if (!index || !index->lock()) return nullptr;
    auto slots = files.open(slots_of(base), OpenFor::writing, error);
    if (!slots) return nullptr;
    std::unique_ptr<Arena> arena(new Arena(base, std::move(slots), std::move(index)));
    if (arena->read_headers(like)) return arena;
    arena->header_ = like;
    error = files.random(arena->header_.id.data(), sizeof(ArenaId));
    const std::vector<char> block = arena->header_.encode();
    for (File * file : {arena->slots_.get(), arena->index_.get()}) {
        if (error == 0) error = file->resize(0);
        if (error == 0) error = file->write(block.data(), kHeaderBytes, 0);
    }
    arena->slots_number_ = arena->slots_->number();
    arena->index_number_ = arena->index_->number();
    return error == 0 ? std::move(arena) : nullptr;
}

bool Arena::locked(FileSystem & files, const std::string & base) {
    int error = 0;
    const auto index = files.open(index_of(base), OpenFor::reading, error);
    return index && !index->lock();
}

void Arena::remove(FileSystem & files, const std::string & base) {
    files.remove(slots_of(base));
    files.remove(index_of(base));
}

int64_t Arena::bytes_at(FileSystem & files, const std::string & base) {
    return files.stamp(slots_of(base)).bytes + files.stamp(index_of(base)).bytes;
}

int64_t Arena::bytes_for(const Geometry & geometry, int32_t n_slots) {
    return 2 * kHeaderBytes + (geometry.stride() + geometry.record_bytes()) * n_slots;
}

int32_t Arena::n_slots() {
    const int64_t slots = (slots_->size() - kHeaderBytes) / header_.geometry.stride();
    const int64_t records = (index_->size() - kHeaderBytes) / header_.geometry.record_bytes();
    return static_cast<int32_t>(std::clamp<int64_t>(std::min(slots, records), 0, INT32_MAX));
}

bool Arena::is_there(FileSystem & files) const {
    return files.stamp(slots_of(base_)).number == slots_number_ && files.stamp(index_of(base_)).number == index_number_;
}

Found Arena::read_if(int32_t slot, char * buffer, Record & record, const std::function<bool(const Record &)> & fits) {
    const Geometry & geometry = header_.geometry;
    const int64_t record_bytes = geometry.record_bytes();
    const int64_t got = index_->read(buffer, record_bytes, record_at(slot));
    if (got < 0) return Found::failed;
    if (got < record_bytes || !record.decode(geometry, buffer) || !fits(record)) return Found::other;
    const int64_t bytes = slots_->read(buffer, geometry.stride(), slot_at(slot));
    if (bytes < 0) return Found::failed;
    if (bytes < geometry.slot_bytes) return Found::other;
    const PageKey & key = record.page.key;
    const Digest digest = digest_of(header_.id, slot, record.generation, key, buffer, geometry.slot_bytes);
    return digest == record.digest ? Found::whole : Found::other;
}

Found Arena::read(int32_t slot, const PageKey & key, const PageKey & parent, const std::vector<Token> & tokens,
                  char * buffer, Record & record) {
    return read_if(slot, buffer, record, [&](const Record & found) {
        return found.page.key == key && found.page.parent == parent && found.tokens == tokens;
    });
}

Found Arena::read_any(int32_t slot, char * buffer, Record & record) {
    return read_if(slot, buffer, record, [](const Record &) { return true; });
}

bool Arena::scan(int32_t first, int32_t n, const std::function<void(int32_t, const Record &)> & see) {
    const int64_t record_bytes = header_.geometry.record_bytes();
    std::vector<char> records(static_cast<size_t>(std::min<int64_t>(kScanBytes, record_bytes * n)));
    Record record;
    for (int32_t slot = first; slot < first + n;) {
        const int64_t wanted = std::min<int64_t>(kScanBytes, record_bytes * (first + n - slot));
        const int64_t got = index_->read(records.data(), wanted, record_at(slot));
        if (got < 0) return false;
        for (int64_t at = 0; at + record_bytes <= got; at += record_bytes, ++slot) {
            if (record.decode(header_.geometry, records.data() + at)) see(slot, record);
        }
        if (got < wanted) break;
    }
    return true;
}

int Arena::write(int32_t slot, Record & record, const char * buffer) {
    const Geometry & geometry = header_.geometry;
    record.digest = digest_of(header_.id, slot, record.generation, record.page.key, buffer, geometry.slot_bytes);
    const int error = slots_->write(buffer, geometry.stride(), slot_at(slot));
    return error != 0 ? error : write_record(slot, record);
}

int Arena::write_record(int32_t slot, const Record & record) {
    std::vector<char> block(static_cast<size_t>(header_.geometry.record_bytes()));
    record.encode(header_.geometry, block.data());
    return index_->write(block.data(), header_.geometry.record_bytes(), record_at(slot));
}

int Arena::free(int32_t slot) {
    const std::vector<char> block(static_cast<size_t>(header_.geometry.record_bytes()));
    return index_->write(block.data(), header_.geometry.record_bytes(), record_at(slot));
}

int Arena::resize(int32_t n_slots) {
    // Records first when it shrinks: no record without its slot.
    const int64_t records = kHeaderBytes + header_.geometry.record_bytes() * n_slots;
    const int64_t slots = kHeaderBytes + header_.geometry.stride() * n_slots;
    const int64_t before = index_->size();
    const int error = index_->resize(records);
    if (error != 0) return error;
    const int failed = slots_->resize(slots);
    if (failed != 0 && before > 0) index_->resize(before);
    return failed;
}

int Arena::sync() {
    const int error = slots_->sync();
    return error != 0 ? error : index_->sync();
}

}  // namespace banyan::store
