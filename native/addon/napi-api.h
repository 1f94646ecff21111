// node-addon-api, as every file of this layer includes it.
#pragma once

// When a worker thread is being terminated no exception can reach JavaScript any more; that is no reason to abort.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS

#include <napi.h>
