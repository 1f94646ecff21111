// NativeEngine of src/native/binding.ts over an Engine.
//
// Owns: the Engine, the user's event callback (as a property of the JavaScript object, so that a cycle through the
// callback can be collected). Thread: JavaScript's. Invariant: while requests or answers are outstanding the object
// cannot be collected and the process stays alive; an idle engine prevents neither.
#pragma once

#include <memory>
#include <vector>

#include "addon/event-pump.h"
#include "addon/napi-api.h"
#include "addon/shutdown-hook.h"
#include "engine/engine.h"

namespace banyan {

class NativeEngine : public Napi::ObjectWrap<NativeEngine> {
  public:
    static Napi::Function define(Napi::Env env);
    /** What the constructor needs; JavaScript cannot make one. */
    struct Parts {
        std::unique_ptr<Engine> engine;
        std::shared_ptr<EventPump> pump;
        Napi::Function on_events;
    };
    static Napi::Object make(Napi::Env env, Parts parts);

    explicit NativeEngine(const Napi::CallbackInfo & info);
    ~NativeEngine() override;

  private:
    Napi::Value submit(const Napi::CallbackInfo & info);
    Napi::Value embed(const Napi::CallbackInfo & info);
    Napi::Value cancel(const Napi::CallbackInfo & info);
    Napi::Value tokenize(const Napi::CallbackInfo & info);
    Napi::Value tokenize_later(const Napi::CallbackInfo & info);
    Napi::Value detokenize(const Napi::CallbackInfo & info);
    Napi::Value render_chat(const Napi::CallbackInfo & info);
    Napi::Value tokenize_chat(const Napi::CallbackInfo & info);
    Napi::Value parse_chat(const Napi::CallbackInfo & info);
    Napi::Value parse_grammar(const Napi::CallbackInfo & info);
    Napi::Value chat_grammar(const Napi::CallbackInfo & info);
    Napi::Value open_answer(const Napi::CallbackInfo & info);
    Napi::Value read_answer(const Napi::CallbackInfo & info);
    Napi::Value end_answer(const Napi::CallbackInfo & info);
    Napi::Value missing_tokens(const Napi::CallbackInfo & info);
    Napi::Value explain(const Napi::CallbackInfo & info);
    Napi::Value pin(const Napi::CallbackInfo & info);
    Napi::Value unpin(const Napi::CallbackInfo & info);
    Napi::Value clear_cache(const Napi::CallbackInfo & info);
    Napi::Value hint(const Napi::CallbackInfo & info);
    Napi::Value program_report(const Napi::CallbackInfo & info);
    Napi::Value set_decisions(const Napi::CallbackInfo & info);
    Napi::Value stats(const Napi::CallbackInfo & info);
    Napi::Value snapshot(const Napi::CallbackInfo & info);
    Napi::Value check_integrity(const Napi::CallbackInfo & info);
    Napi::Value close(const Napi::CallbackInfo & info);
    Napi::Value info(const Napi::CallbackInfo & info);

    /** Throws Error CLOSED once close() was called. */
    Engine & open() const;
    void hold();
    void unhold();
    void deliver(Napi::Env env, const std::vector<uint8_t> & bytes, int ended);
    /**
     * A promise for what the engine thread answers. start(engine, answer) posts the command; answer(make) may be called
     * on any thread, make(env) gives the value on JavaScript's.
     */
    template <typename Start>
    Napi::Value ask(Napi::Env env, Start start);

    std::unique_ptr<Engine> engine_;
    std::shared_ptr<EventPump> pump_;
    std::shared_ptr<Napi::ObjectReference> info_;
    std::vector<Napi::Promise::Deferred> closing_;  // promises of close(), in order
    bool close_called_ = false, closed_ = false;
    int held_ = 0;
    uint32_t callbacks_ = 0;
    std::unique_ptr<ShutdownHook> shutdown_;
};

}  // namespace banyan
