// Tokenizes on Node's thread pool: a long text takes its time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "addon/napi-api.h"
#include "core/types.h"
#include "runner/error.h"

namespace banyan {

class TokenizeWorker : public Napi::AsyncWorker {
  public:
    /** `tokenize` runs on a thread of the pool and owns, or shares, all that it reads; what it throws rejects. */
    TokenizeWorker(Napi::Env env, const Napi::Promise::Deferred & deferred,
                   std::function<std::vector<Token>()> tokenize);

  protected:
    void Execute() override;
    void OnOK() override;

  private:
    Napi::Promise::Deferred deferred_;
    std::function<std::vector<Token>()> tokenize_;
    std::vector<Token> tokens_;
    std::optional<Error> error_;
};

}  // namespace banyan
