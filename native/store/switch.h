// A part of the store that is switched off for a while after it failed too often.
//
// Owns: when it failed lately, and of what. Thread: the owner's mutex; on() any. Times are of the store's clock.
#pragma once

#include <atomic>
#include <deque>
#include <string>

#include "core/types.h"

namespace banyan::store {

class Switch {
  public:
    Switch(size_t failures, Micros within, Micros pause) : failures_(failures), within_(within), pause_(pause) {}

    bool on(Micros now) const { return now >= off_until_; }

    /** True: that was one too many, it is off from now on. what: failed, in words. */
    bool failed(Micros now, const std::string & what) {
        error_ = what;
        times_.push_back(now);
        while (times_.front() < now - within_) times_.pop_front();
        if (times_.size() < failures_) return false;
        times_.clear();
        off_until_ = now + pause_;
        return true;
    }

    /** Whatever failed: for as long as is said, not for its own pause. */
    void turn_off(Micros now, Micros pause) { off_until_ = now + pause; }

    /** What failed before is over. A pause lasts as long as it was to last. */
    void worked() { error_.clear(); }
    /** What failed last and has not worked since, in words; '': all works. */
    const std::string & error() const { return error_; }

  private:
    size_t failures_;
    Micros within_, pause_;
    std::atomic<Micros> off_until_{-kNever};
    std::deque<Micros> times_;
    std::string error_;
};

}  // namespace banyan::store
