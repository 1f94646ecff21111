// Work of seconds or minutes on a thread of its own: loading a model, a simulation.
//
// Not on Node's pool: that has four threads, which every access to a file needs, and a worker thread that is terminated
// waits for what runs there before anybody can tell it to stop.
//
// Owns: its thread, its way back to JavaScript. Thread: run() its own, all else JavaScript's. Invariant: the process
// stays alive until finish() has run; when the environment ends first, the work is told to stop, and waited for.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "addon/event-pump.h"
#include "addon/napi-api.h"
#include "addon/shutdown-hook.h"

namespace banyan {

class LongWork {
  public:
    explicit LongWork(Napi::Env env);
    virtual ~LongWork() = default;
    LongWork(const LongWork &) = delete;
    LongWork & operator=(const LongWork &) = delete;

    /** AddonData keeps it until it is done. Throws std::system_error when there is no thread to be had. */
    static void start(Napi::Env env, std::unique_ptr<LongWork> work);

  protected:
    /** Must not throw; ends soon once abort_ is set. */
    virtual void run() = 0;
    /** Behind every answer that run() gave to the pump. The work is destroyed after it. */
    virtual void finish(Napi::Env env) = 0;

    const std::shared_ptr<EventPump> pump_;
    std::atomic<bool> abort_{false};

  private:
    void end(Napi::Env env);

    std::thread thread_;
    ShutdownHook shutdown_;  // last: destroyed first
};

}  // namespace banyan
