#include "store/tenant-tag.h"

extern "C" {
#include "hash/sha256/sha256.h"
}

namespace banyan::store {

namespace {

constexpr size_t kBlock = 64;

std::string sha256(const std::string & a, const std::string & b) {
    sha256_t hash;
    sha256_init(&hash);
    sha256_update(&hash, reinterpret_cast<const unsigned char *>(a.data()), a.size());
    sha256_update(&hash, reinterpret_cast<const unsigned char *>(b.data()), b.size());
    std::string digest(SHA256_DIGEST_SIZE, '\0');
    sha256_final(&hash, reinterpret_cast<unsigned char *>(digest.data()));
    return digest;
}

}  // namespace

std::string hmac_sha256(const std::string & secret, const std::string & message) {
    std::string inner = secret.size() > kBlock ? sha256(secret, "") : secret;
    inner.resize(kBlock, '\0');
    std::string outer = inner;
    for (char & byte : inner) byte = static_cast<char>(byte ^ 0x36);
    for (char & byte : outer) byte = static_cast<char>(byte ^ 0x5c);
    return sha256(outer, sha256(inner, message));
}

}  // namespace banyan::store
