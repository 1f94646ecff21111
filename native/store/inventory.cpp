#include "store/inventory.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "store/arena.h"
#include "store/directory.h"
#include "store/tenant-tag.h"

namespace banyan::store {

namespace {

constexpr size_t kTagDigits = 8;
const std::string kStates = "-states";
constexpr int32_t kScanSlots = 8192;  // between two looks at `abort`

using Parents = std::unordered_map<PageKey, PageKey, PageKeyHash>;

std::string digits_of(const PageKey & key) {
    std::string digits;
    char two[3];
    for (size_t i = 0; i < kTagDigits / 2; ++i) {
        std::snprintf(two, sizeof(two), "%02x", key.bytes[i]);
        digits += two;
    }
    return digits;
}

/** '': unknown. */
std::string secret_of(FileSystem & files, const std::string & dir) {
    int error = 0;
    const auto file = files.open(dir + "/secret", OpenFor::reading, error);
    std::string secret(32, '\0');
    const auto size = static_cast<int64_t>(secret.size());
    return file && file->read(secret.data(), size, 0) == size ? secret : "";
}

bool read_header(FileSystem & files, const std::string & base, Header & header) {
    int error = 0;
    const auto index = files.open(base + ".index", OpenFor::reading, error);
    std::vector<char> block(kHeaderBytes);
    return index && index->read(block.data(), kHeaderBytes, 0) == kHeaderBytes && header.decode(block.data());
}

/** By the key that each path begins behind. */
std::vector<TenantPages> tenants_of(const Parents & parents, const std::string & identity, const std::string & secret) {
    std::unordered_map<PageKey, PageKey, PageKeyHash> roots;  // of pages whose way up is known
    std::unordered_map<PageKey, int64_t, PageKeyHash> pages;
    std::vector<PageKey> way;
    for (const auto & [key, parent] : parents) {
        PageKey at = key;
        way.clear();
        for (auto up = parents.find(at); up != parents.end() && roots.count(at) == 0; up = parents.find(at)) {
            way.push_back(at);
            at = up->second;
        }
        const auto known = roots.find(at);
        const PageKey root = known == roots.end() ? at : known->second;
        for (const PageKey & below : way) roots[below] = root;
        ++pages[root];
    }
    const PageKey none = secret.empty() ? PageKey{} : root_key(identity, hmac_sha256(secret, ""));
    std::vector<TenantPages> tenants;
    for (const auto & [root, n] : pages) tenants.push_back({root == none ? "" : digits_of(root), n});
    std::sort(tenants.begin(), tenants.end(), [](const TenantPages & a, const TenantPages & b) {
        return a.pages != b.pages ? a.pages > b.pages : a.tag < b.tag;
    });
    return tenants;
}

/** Its records that are not among `parents` yet. */
void count(Arena & arena, KeptModel & kept, Parents & parents, const std::atomic<bool> & abort) {
    const int32_t n_slots = arena.n_slots();
    for (int32_t first = 0; first < n_slots && !abort; first += kScanSlots) {
        arena.scan(first, std::min(kScanSlots, n_slots - first), [&](int32_t, const Record & record) {
            kept.used = std::max<int64_t>(kept.used, record.used);
            if (!parents.emplace(record.page.key, record.page.parent).second) return;
            ++kept.pages;
            kept.fixed_pages += record.page.kind == ColdKind::fixed;
        });
    }
}

KeptModel look_into(FileSystem & files, const std::string & dir, const std::string & name, const std::string & secret,
                    const std::atomic<bool> & abort) {
    KeptModel kept;
    kept.folder = name;
    Parents parents;
    for (const std::string & base : bases_in(files, dir + "/" + name)) {
        kept.bytes += Arena::bytes_at(files, base);
        Header header;
        if (abort || !read_header(files, base, header)) continue;
        const auto arena = Arena::open(files, base, header);
        if (!arena) continue;
        kept.label = header.label;
        kept.identity = header.identity;
        kept.slot_bytes = header.geometry.slot_bytes;
        kept.page_tokens = header.geometry.page_tokens;
        count(*arena, kept, parents, abort);
    }
    // A state follows a page, and pages are elsewhere: whose it is cannot be told.
    const bool has_roots = name.size() < kStates.size() || name.substr(name.size() - kStates.size()) != kStates;
    if (has_roots) kept.tenants = tenants_of(parents, kept.identity, secret);
    return kept;
}

/** Names of the model folders that are no links. */
std::vector<std::string> own_folders(FileSystem & files, const std::string & dir) {
    std::vector<std::string> names = page_folders(files, dir);
    const auto not_ours = [&](const std::string & name) { return !files.refuse(dir + "/" + name, true).empty(); };
    names.erase(std::remove_if(names.begin(), names.end(), not_ours), names.end());
    return names;
}

/** False: there is no such directory. */
bool may_use(FileSystem & files, const std::string & dir) {
    if (files.stamp(dir).number == 0) return false;
    const std::string why = files.refuse(dir, true);
    if (!why.empty()) throw std::runtime_error(why);
    return true;
}

}  // namespace

std::vector<KeptModel> inventory_of(FileSystem & files, const std::string & dir, const std::atomic<bool> & abort) {
    if (!may_use(files, dir)) return {};
    const std::string secret = secret_of(files, dir);
    std::vector<KeptModel> models;
    for (const std::string & name : own_folders(files, dir)) {
        models.push_back(look_into(files, dir, name, secret, abort));
    }
    // Whether an arena is locked is told by trying to lock it: one who looks for a free one must not run into that.
    const Directory::Lock locked = files.stamp(dir + "/lock").number != 0 ? lock_directory(files, dir) : nullptr;
    for (KeptModel & model : models) {
        const std::vector<std::string> bases = bases_in(files, dir + "/" + model.folder);
        model.in_use = !locked || std::any_of(bases.begin(), bases.end(),
                                              [&](const std::string & base) { return Arena::locked(files, base); });
    }
    std::sort(models.begin(), models.end(), [](const KeptModel & a, const KeptModel & b) {
        return a.bytes != b.bytes ? a.bytes > b.bytes : a.folder < b.folder;
    });
    return models;
}

int64_t remove_kept(FileSystem & files, const std::string & dir, const std::vector<std::string> & folders, bool all) {
    if (!may_use(files, dir)) return 0;
    const Directory::Lock locked = lock_directory(files, dir);
    if (!locked) throw std::runtime_error(dir + ": another process holds its lock");
    int64_t bytes = 0;
    for (const std::string & name : own_folders(files, dir)) {
        if (std::find(folders.begin(), folders.end(), name) == folders.end()) continue;
        for (const std::string & base : bases_in(files, dir + "/" + name)) {
            bytes += Arena::bytes_at(files, base);
            Arena::remove(files, base);
        }
        files.remove_dir(dir + "/" + name);
    }
    if (all) files.remove(dir + "/secret");  // processes that use it have it, and write it again
    return bytes;
}

}  // namespace banyan::store
