// The name of a tenant as the store knows it: nothing that leads back to the name. Pure; any thread.
#pragma once

#include <string>

namespace banyan::store {

/** HMAC-SHA256(secret, message), 32 bytes. */
std::string hmac_sha256(const std::string & secret, const std::string & message);

}  // namespace banyan::store
