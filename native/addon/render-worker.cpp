#include "addon/render-worker.h"

#include "addon/js-error.h"
#include "addon/to-js.h"

namespace banyan {

namespace {

/**
 * Half a surrogate pair (a text cut in the middle of an emoji) becomes U+FFFD, as everywhere in UTF-8; parsers refuse
 * it. JSON.stringify escapes surrogates only when they stand alone.
 */
std::string well_formed(std::string json) {
    for (size_t at = json.find('\\'); at != std::string::npos; at = json.find('\\', at + 2)) {
        if (json.compare(at, 3, "\\ud") == 0 && json[at + 3] >= '8') json.replace(at, 6, "\\ufffd");
    }
    return json;
}

}  // namespace

RenderWorker::RenderWorker(Napi::Env env, const Napi::Promise::Deferred & deferred,
                           std::shared_ptr<const ChatTemplates> templates, ChatRequest request)
    : AsyncWorker(env, "banyan:render"),
      deferred_(deferred),
      templates_(std::move(templates)),
      request_(std::move(request)) {}

void RenderWorker::Execute() {
    try {
        request_.messages = well_formed(std::move(request_.messages));
        request_.tools = well_formed(std::move(request_.tools));
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
