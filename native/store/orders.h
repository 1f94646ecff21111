// One order on its way, and who may touch the caller's page.
//
// An order is over once: by the thread that carried it out, or by the watch whose patience ended. Between hold() and
// let_go() it cannot be: the caller's fill or take runs, which is short.
// Thread: any.
#pragma once

#include <atomic>
#include <thread>
#include <utility>

#include "store/page-store.h"

namespace banyan::store {

class Order {
  public:
    explicit Order(StoreOrder order, Micros now) : is_load_(false), store_(std::move(order)), taken_(now) {}
    explicit Order(LoadOrder order, Micros now) : is_load_(true), load_(std::move(order)), taken_(now) {}

    bool is_load() const { return is_load_; }
    const StoreOrder & to_store() const { return store_; }
    const LoadOrder & to_load() const { return load_; }
    uint64_t id() const { return is_load_ ? load_.id : store_.id; }
    Micros deadline() const { return is_load_ ? load_.deadline : kNever; }
    Micros taken() const { return taken_; }

    /** False: it is over, and the caller's page must not be touched. */
    bool hold() {
        State open = State::open;
        return state_.compare_exchange_strong(open, State::held);
    }
    void let_go() { state_ = State::open; }

    /** True: it is over by this call. False: it was, or it is held. */
    bool end() {
        State open = State::open;
        return state_.compare_exchange_strong(open, State::over);
    }
    bool is_over() const { return state_ == State::over; }

    /** As end(), after the one who holds it. */
    bool end_waiting() {
        while (!end()) {
            if (is_over()) return false;
            std::this_thread::yield();
        }
        return true;
    }

  private:
    enum class State : uint8_t { open, held, over };
    const bool is_load_;
    const StoreOrder store_;
    const LoadOrder load_;
    const Micros taken_;
    std::atomic<State> state_{State::open};
};

}  // namespace banyan::store
