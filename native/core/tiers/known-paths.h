// The tokens of programs' last paths: what to load when one is about to call again and the tree has let go of it.
//
// Owns: a copy of each, up to kMost tokens in all. Changed by: remember, forget. Thread: the engine thread.
// Invariant: one path a program; the one remembered longest ago goes first.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/types.h"

namespace banyan {

class KnownPaths {
  public:
    void remember(ProgramId program, std::vector<Token> tokens) {
        forget(program);
        n_tokens_ += static_cast<int64_t>(tokens.size());
        by_age_[next_] = program;
        paths_[program] = {next_++, std::move(tokens)};
        while (n_tokens_ > kMost) forget(by_age_.begin()->second);
    }

    void forget(ProgramId program) {
        const auto it = paths_.find(program);
        if (it == paths_.end()) return;
        n_tokens_ -= static_cast<int64_t>(it->second.tokens.size());
        by_age_.erase(it->second.age);
        paths_.erase(it);
    }

    /** nullptr: not known (any more). */
    const std::vector<Token> * find(ProgramId program) const {
        const auto it = paths_.find(program);
        return it == paths_.end() ? nullptr : &it->second.tokens;
    }

    static constexpr int64_t kMost = 1 << 22;

  private:
    struct Path {
        uint64_t age = 0;
        std::vector<Token> tokens;
    };
    std::unordered_map<ProgramId, Path> paths_;
    std::map<uint64_t, ProgramId> by_age_;
    int64_t n_tokens_ = 0;
    uint64_t next_ = 1;
};

}  // namespace banyan
