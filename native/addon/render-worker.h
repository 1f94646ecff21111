// Renders a chat on Node's thread pool: a template is a program, and a long history takes its time.
#pragma once

#include <memory>
#include <optional>

#include "addon/napi-api.h"
#include "runner/chat/chat-templates.h"
#include "runner/error.h"

namespace banyan {

class RenderWorker : public Napi::AsyncWorker {
  public:
    RenderWorker(Napi::Env env, const Napi::Promise::Deferred & deferred,
                 std::shared_ptr<const ChatTemplates> templates, ChatRequest request);

  protected:
    void Execute() override;
    void OnOK() override;

  private:
    Napi::Promise::Deferred deferred_;
    std::shared_ptr<const ChatTemplates> templates_;
    ChatRequest request_;
    RenderedChat chat_;
    std::optional<Error> error_;
};

}  // namespace banyan
