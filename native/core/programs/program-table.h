// All agent runs that are known: who is active, who waits for a tool since when, what they want of the pages.
//
// Owns: one entry a program, from its first request until it is finished, or idle and forgotten.
// Changed by: the scheduler. Thread: the engine thread.
// Invariant: sums and orders are kept, never recounted; see check_integrity(). Nothing here walks all programs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/programs/program.h"

namespace banyan {

class ProgramTable {
  public:
    /** A request of the program was submitted. The entry does not move in memory. */
    Program & enter(ProgramId id, Micros now);
    /** A request of the program has ended. */
    void leave(Program & program, Micros now);
    /** A completed path of calls that had `service` tokens: a program has had what its longest path had. */
    static void complete(Program & program, int64_t service);

    Program * find(ProgramId id) const;
    /** Of a known program, or of one of the last that were forgotten. nullptr: neither. */
    const ProgramReport * report(ProgramId id) const;
    /** Removes it. Its marks are gone already. */
    void forget(Program & program);

    void set_class(Program & program, Class cls);
    void set_active(Program & program, bool active);
    void set_paused(Program & program, bool paused);
    /** Of an active one. */
    void set_demand(Program & program, int32_t pages);
    /** Tokens of its path that others had computed before it began. Of one that is not active. */
    static void set_shared(Program & program, Salt salt, int32_t n_tokens) {
        program.salt = salt;
        program.shared = n_tokens;
    }
    /** Until when an idle program's pages are kept; kNever: it is not idle, or that is over. */
    void keep_until(Program & program, Micros until);

    /** The idle one whose TTL is over by now; nullptr: none. */
    Program * expired(Micros now) const;
    /** Of the active idle ones of a class, at most n, the one that has been idle longest first. */
    std::vector<Program *> most_idle(Class cls, size_t n) const;
    /** Of the idle ones that are not active, the one that has been idle longest; nullptr: none. */
    Program * longest_parked() const;

    /** In the order of their ids. */
    void visit(const std::function<void(const Program &)> & see) const;
    /** In no order: what is made of it must not depend on one. */
    void visit_unordered(const std::function<void(const Program &)> & see) const;

    int32_t size() const { return static_cast<int32_t>(programs_.size()); }
    size_t n_parked() const { return parked_.size(); }
    int32_t n_active() const { return n_active_; }
    int32_t n_active(Class cls) const { return n_active_of_[static_cast<size_t>(cls)]; }
    /** Active programs that the admission window counts: not interactive, and of more than one request. */
    int32_t n_windowed() const { return n_windowed_; }
    int32_t n_paused() const { return n_paused_; }
    int64_t demand() const { return demand_; }
    /** Of the demand, that of idle programs: pages that no running request holds a reference on. */
    int64_t idle_demand() const { return idle_demand_; }
    /** What active programs share, counted once: the longest shared prefix of each salt, in tokens. */
    int64_t shared_tokens() const { return shared_tokens_; }
    std::string check_integrity() const;

    static constexpr size_t kReports = 1024;  // of forgotten programs, kept

  private:
    using Order = std::set<std::pair<Micros, ProgramId>>;  // (idle since, id)
    static bool windowed(const Program & p) { return p.active && !p.anonymous && p.cls != Class::interactive; }
    void take_out(Program & program);
    void file(Program & program);
    void count_shared(const Program & program, bool in);

    std::unordered_map<ProgramId, std::unique_ptr<Program>> programs_;  // looked up, never walked for a decision
    std::array<Order, kClasses> idle_;                                  // active and without live calls
    Order parked_;                                                      // neither
    Order expiry_;                                                      // (keep_until, id)
    std::map<ProgramId, ProgramReport> ended_;
    std::deque<ProgramId> ended_order_;
    uint64_t next_arrival_ = 1;
    int32_t n_active_ = 0, n_windowed_ = 0, n_paused_ = 0;
    std::array<int32_t, kClasses> n_active_of_{};  // by class
    int64_t demand_ = 0, idle_demand_ = 0, shared_tokens_ = 0;
    std::map<Salt, std::multiset<int32_t>> shared_;  // of active programs
};

}  // namespace banyan
