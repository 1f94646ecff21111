#include "addon/tokenize-worker.h"

#include <memory>
#include <utility>

#include "addon/js-error.h"
#include "addon/to-js.h"

namespace banyan {

namespace {

/** Moved, not copied: there may be millions. */
Napi::Int32Array take(Napi::Env env, std::vector<Token> tokens) {
    constexpr size_t kFew = 65'536;
    if (tokens.size() <= kFew) return to_js(env, tokens);
    auto held = std::make_unique<std::vector<Token>>(std::move(tokens));
    const size_t n = held->size();
    const auto release = [](Napi::Env, void *, std::vector<Token> * held) { delete held; };
    const auto buffer = Napi::ArrayBuffer::New(env, held->data(), n * sizeof(Token), release, held.get());
    held.release();
    return Napi::Int32Array::New(env, n, buffer, 0);
}

}  // namespace

TokenizeWorker::TokenizeWorker(Napi::Env env, const Napi::Promise::Deferred & deferred,
                               std::function<std::vector<Token>()> tokenize)
    : AsyncWorker(env, "banyan:tokenize"), deferred_(deferred), tokenize_(std::move(tokenize)) {}

void TokenizeWorker::Execute() {
    try {
        tokens_ = tokenize_();
    } catch (...) {
        error_ = current_error();
    }
}

void TokenizeWorker::OnOK() {
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        deferred_.Resolve(take(Env(), std::move(tokens_)));
    });
}

}  // namespace banyan
