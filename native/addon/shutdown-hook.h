// Runs a function once when its Node environment ends, in whatever way: process.exit, an uncaught exception, the end of
// the program, a terminated worker thread. Not when it was destroyed before.
#pragma once

#include <functional>

#include "addon/napi-api.h"

namespace banyan {

/**
 * Two ways lead here. process's 'exit' event: process.exit() destroys C++ globals without cleaning the environment up,
 * under a thread that still computes. And the environment's cleanup: a terminated worker emits no event. Cleanup hooks
 * run latest first, so one made after a thread-safe function runs before Node takes that function away.
 */
class ShutdownHook {
  public:
    ShutdownHook(Napi::Env env, std::function<void()> run);
    ~ShutdownHook();
    ShutdownHook(const ShutdownHook &) = delete;
    ShutdownHook & operator=(const ShutdownHook &) = delete;

    /** Listens to process's 'exit'. Once an environment. */
    static void install(Napi::Env env);

  private:
    static void on_cleanup(void * self);
    void run();

    Napi::Env env_;
    std::function<void()> run_;  // null: has run
    bool registered_ = true;     // with Node's cleanup
};

}  // namespace banyan
