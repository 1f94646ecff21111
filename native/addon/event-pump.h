// The way from the engine thread into JavaScript: packed events and answers, one call at a time.
//
// Owns: the thread-safe function, bytes and answers not yet delivered. Thread: publish and answer from any, the rest on
// JavaScript's. Invariant: at most one call is queued in Node, whatever JavaScript does; while it is late, bytes
// collect (at most what the live requests can still produce) and go out together.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "addon/napi-api.h"
#include "engine/event.h"

namespace banyan {

class EventPump : public std::enable_shared_from_this<EventPump> {
  public:
    using Answer = std::function<void(Napi::Env)>;
    /** Gets the bytes on JavaScript's thread and how many requests ended in them. */
    using Deliver = std::function<void(Napi::Env, const std::vector<uint8_t> &, int ended)>;

    static std::shared_ptr<EventPump> make(Napi::Env env);

    void publish(const std::vector<Event> & events);
    /** Runs `answer` on JavaScript's thread after the events published before it. */
    void answer(Answer answer);

    void set_deliver(Deliver deliver) { deliver_ = std::move(deliver); }

    // Requests and answers outstanding: while there are any, the process stays alive.
    void hold(Napi::Env env);
    void unhold(Napi::Env env);

    /** Drops what is queued; nothing is delivered any more. */
    void close();
    /** The environment is going away and takes the thread-safe function along. */
    void abandon();

  private:
    EventPump() = default;
    void wake();  // with mutex_ held
    void drain(Napi::Env env);

    std::mutex mutex_;
    napi_threadsafe_function function_ = nullptr;  // null: closed
    bool queued_ = false;                          // a call is on its way
    std::vector<uint8_t> bytes_;
    int ended_ = 0;
    std::vector<Answer> answers_;

    Deliver deliver_;
    int held_ = 0;
};

}  // namespace banyan
