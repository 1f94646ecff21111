#include "addon/long-work.h"

#include <utility>

#include "addon/addon-data.h"

namespace banyan {

LongWork::LongWork(Napi::Env env)
    : pump_(EventPump::make(env)), shutdown_(env, [this] {
          abort_ = true;
          if (thread_.joinable()) thread_.join();
          pump_->abandon();
      }) {}

void LongWork::start(Napi::Env env, std::unique_ptr<LongWork> work) {
    LongWork * const it = work.get();
    it->pump_->hold(env);
    AddonData::of(env).works.emplace(it, std::move(work));
    try {
        it->thread_ = std::thread([it] {
            it->run();
            it->pump_->answer([it](Napi::Env env) { it->end(env); });
        });
    } catch (...) {
        it->pump_->close();
        AddonData::of(env).works.erase(it);
        throw;
    }
}

void LongWork::end(Napi::Env env) {
    thread_.join();
    const auto self = AddonData::of(env).works.extract(this);
    pump_->unhold(env);
    finish(env);
}

}  // namespace banyan
