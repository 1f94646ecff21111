#include "addon/inventory-worker.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "addon/js-error.h"
#include "addon/record-object.h"
#include "store/apart.h"

namespace banyan {

namespace {

Napi::Object to_js(Napi::Env env, const store::KeptModel & model) {
    Napi::Object out = object_of(env, model);
    Napi::Array tenants = Napi::Array::New(env);
    for (const store::TenantPages & tenant : model.tenants) {
        Napi::Object one = Napi::Object::New(env);
        one.Set("tag", tenant.tag);
        one.Set("pages", static_cast<double>(tenant.pages));
        tenants.Set(tenants.Length(), one);
    }
    out.Set("tenants", tenants);
    return out;
}

std::string dir_of(const Napi::Value & value) {
    const std::string dir = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
    if (dir.empty() || dir.find('\0') != std::string::npos) throw Error("INVALID_OPTION", "dir must be a path", "dir");
    return dir;
}

std::vector<std::string> texts_of(const Napi::Value & value) {
    const Error wrong("INVALID_OPTION", "folders must be a list of names", "folders");
    if (!value.IsArray()) throw wrong;
    const auto array = value.As<Napi::Array>();
    std::vector<std::string> texts;
    for (uint32_t i = 0; i < array.Length(); ++i) {
        const Napi::Value one = array.Get(i);
        if (!one.IsString()) throw wrong;
        texts.push_back(one.As<Napi::String>().Utf8Value());
    }
    return texts;
}

Napi::Value start(const Napi::CallbackInfo & info, const std::function<InventoryWorker::Asked()> & ask) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        LongWork::start(info.Env(), std::make_unique<InventoryWorker>(info.Env(), deferred, ask()));
    });
}

}  // namespace

InventoryWorker::InventoryWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, Asked asked)
    : LongWork(env), deferred_(deferred), asked_(std::move(asked)) {}

void InventoryWorker::run() {
    try {
        const std::shared_ptr<store::FileSystem> files = store::system_files();
        if (!files) throw std::runtime_error("there is no page store on this system yet");
        const auto left = std::make_shared<std::atomic<bool>>(false);
        found_ = store::run_apart<Found>(
            [asked = asked_, files, left] {
                if (!asked.remove) return Found{store::inventory_of(*files, asked.dir, *left), 0};
                return Found{{}, store::remove_kept(*files, asked.dir, *asked.remove, asked.all)};
            },
            [this] { return abort_.load(); });
        if (!found_) *left = true;
    } catch (const std::runtime_error & e) {
        error_ = Error("CACHE_FAILED", e.what());
    } catch (...) {
        error_ = current_error();
    }
}

void InventoryWorker::finish(Napi::Env env) {
    pump_->close();
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        if (!found_) throw Error("ABORTED", "the environment ends");
        if (asked_.remove) return deferred_.Resolve(Napi::Number::New(env, static_cast<double>(found_->removed)));
        Napi::Array models = Napi::Array::New(env);
        for (const store::KeptModel & model : found_->models) models.Set(models.Length(), to_js(env, model));
        deferred_.Resolve(models);
    });
}

Napi::Value kept_models(const Napi::CallbackInfo & info) {
    return start(info, [&] { return InventoryWorker::Asked{dir_of(info[0]), std::nullopt}; });
}

Napi::Value remove_kept(const Napi::CallbackInfo & info) {
    return start(
        info, [&] { return InventoryWorker::Asked{dir_of(info[0]), texts_of(info[1]), info[2].ToBoolean().Value()}; });
}

}  // namespace banyan
