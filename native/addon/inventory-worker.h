// What a cache's directory holds, and its removal: both wait for a disk, which may be dead.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "addon/long-work.h"
#include "addon/napi-api.h"
#include "runner/error.h"
#include "store/inventory.h"

namespace banyan {

class InventoryWorker : public LongWork {
  public:
    /** `remove`: nothing is looked at, these folders are removed. */
    struct Asked {
        std::string dir;
        std::optional<std::vector<std::string>> remove;
        bool all = false;  // the tenants' secret goes too
    };
    InventoryWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, Asked asked);

  protected:
    void run() override;
    void finish(Napi::Env env) override;

  private:
    struct Found {
        std::vector<store::KeptModel> models;
        int64_t removed = 0;
    };

    Napi::Promise::Deferred deferred_;
    const Asked asked_;
    std::optional<Found> found_;
    std::optional<Error> error_;
};

/** keptModels(dir): a promise of NativeKeptModel[]. */
Napi::Value kept_models(const Napi::CallbackInfo & info);
/** removeKept(dir, folders, all): a promise of the bytes that went. */
Napi::Value remove_kept(const Napi::CallbackInfo & info);

}  // namespace banyan
