#include "addon/render-worker.h"

#include "addon/js-error.h"
#include "addon/to-js.h"

namespace banyan {

RenderWorker::RenderWorker(Napi::Env env, const Napi::Promise::Deferred & deferred,
                           std::shared_ptr<const ChatTemplates> templates, ChatRequest request)
    : AsyncWorker(env, "banyan:render"),
      deferred_(deferred),
      templates_(std::move(templates)),
      request_(std::move(request)) {}

void RenderWorker::Execute() {
    try {
        chat_ = templates_->render(request_);
    } catch (...) {
        error_ = current_error();
    }
}

void RenderWorker::OnOK() {
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        deferred_.Resolve(to_js(Env(), chat_));
    });
}

}  // namespace banyan
