// node-addon-api, as every file of this layer includes it.
#pragma once

// When a worker thread is being terminated no exception can reach JavaScript any more; that is no reason to abort.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
// The last net under callbacks: what guarded() did not catch (a constructor's std::system_error, say) is thrown there.
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL

#include <napi.h>
