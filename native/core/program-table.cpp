#include "core/program-table.h"

#include <algorithm>

namespace banyan {

Program & ProgramTable::enter(ProgramId program) {
    const auto [it, is_new] = programs_.try_emplace(program);
    Program & p = it->second;
    if (p.live == 0) {
        p.service = std::max(p.service, start_);
        n_idle_ -= !is_new;
    }
    ++p.live;
    return p;
}

void ProgramTable::leave(ProgramId program) {
    if (--programs_.at(program).live > 0) return;
    ++n_idle_;
    if (n_idle_ > 64 && n_idle_ * 2 > programs_.size()) forget_idle();
}

const Program * ProgramTable::find(ProgramId program) const {
    const auto it = programs_.find(program);
    return it == programs_.end() ? nullptr : &it->second;
}

void ProgramTable::admitted(const Program & program) {
    start_ = std::max(start_, program.service);
}

/** Drops the idle programs that would come back as newcomers anyway. */
void ProgramTable::forget_idle() {
    for (auto it = programs_.begin(); it != programs_.end();) {
        const bool forget = it->second.live == 0 && it->second.service <= start_;
        n_idle_ -= forget;
        it = forget ? programs_.erase(it) : std::next(it);
    }
}

}  // namespace banyan
