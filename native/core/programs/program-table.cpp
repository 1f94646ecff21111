#include "core/programs/program-table.h"

#include <algorithm>

namespace banyan {

/** Takes the program out of every order and sum that depends on its state, which may change now; then file() it. */
void ProgramTable::take_out(Program & p) {
    demand_ -= p.demand;
    n_active_ -= p.active;
    n_active_of_[static_cast<size_t>(p.cls)] -= p.active;
    n_paused_ -= p.paused;
    n_windowed_ -= windowed(p);
    if (p.live > 0) return;
    if (p.active) idle_demand_ -= p.demand;
    (p.active ? idle_[static_cast<size_t>(p.cls)] : parked_).erase({p.since, p.program});
}

void ProgramTable::file(Program & p) {
    demand_ += p.demand;
    n_active_ += p.active;
    n_active_of_[static_cast<size_t>(p.cls)] += p.active;
    n_paused_ += p.paused;
    n_windowed_ += windowed(p);
    if (p.live > 0) return;
    if (p.active) idle_demand_ += p.demand;
    (p.active ? idle_[static_cast<size_t>(p.cls)] : parked_).emplace(p.since, p.program);
}

Program & ProgramTable::enter(ProgramId id, Micros now) {
    std::unique_ptr<Program> & place = programs_[id];
    if (!place) {
        place = std::make_unique<Program>();
        place->program = id;
        place->arrival = next_arrival_++;
        place->arrived = now;
        place->keep_until = kNever;
        place->live = 1;
        file(*place);
        return *place;
    }
    Program & p = *place;
    keep_until(p, kNever);
    take_out(p);
    ++p.live;
    p.phase = Phase::reasoning;
    file(p);
    return p;
}

void ProgramTable::leave(Program & p, Micros now) {
    take_out(p);
    ++p.calls;
    if (--p.live == 0) {
        p.since = now;
        p.phase = Phase::acting;
    }
    file(p);
}

void ProgramTable::complete(Program & p, int64_t service) {
    p.service = std::max(p.service, service);
}

Program * ProgramTable::find(ProgramId id) const {
    const auto it = programs_.find(id);
    return it == programs_.end() ? nullptr : it->second.get();
}

const ProgramReport * ProgramTable::report(ProgramId id) const {
    if (const Program * p = find(id)) return p;
    const auto it = ended_.find(id);
    return it == ended_.end() ? nullptr : &it->second;
}

void ProgramTable::forget(Program & p) {
    set_active(p, false);
    keep_until(p, kNever);
    take_out(p);
    const ProgramId id = p.program;
    if (!p.anonymous) {
        p.paused = false;
        p.phase = Phase::finished;
        if (ended_.insert_or_assign(id, p).second) ended_order_.push_back(id);
        if (ended_order_.size() > kReports) {
            ended_.erase(ended_order_.front());
            ended_order_.pop_front();
        }
    }
    programs_.erase(id);
}

void ProgramTable::set_class(Program & p, Class cls) {
    if (p.cls == cls) return;
    take_out(p);
    p.cls = cls;
    file(p);
}

void ProgramTable::set_active(Program & p, bool active) {
    if (p.active == active) return;
    count_shared(p, active);
    take_out(p);
    p.active = active;
    if (active) p.paused = false;
    if (!active) p.demand = 0;
    file(p);
}

void ProgramTable::set_paused(Program & p, bool paused) {
    take_out(p);
    p.paused = paused;
    file(p);
}

void ProgramTable::set_demand(Program & p, int32_t pages) {
    const int32_t more = pages - p.demand;
    p.demand = pages;
    demand_ += more;
    if (p.live == 0) idle_demand_ += more;
}

void ProgramTable::keep_until(Program & p, Micros until) {
    if (p.keep_until < kNever) expiry_.erase({p.keep_until, p.program});
    p.keep_until = until;
    if (until < kNever) expiry_.emplace(until, p.program);
}

Program * ProgramTable::expired(Micros now) const {
    return expiry_.empty() || expiry_.begin()->first > now ? nullptr : find(expiry_.begin()->second);
}

std::vector<Program *> ProgramTable::most_idle(Class cls, size_t n) const {
    std::vector<Program *> found;
    for (const auto & [since, id] : idle_[static_cast<size_t>(cls)]) {
        if (found.size() == n) break;
        found.push_back(find(id));
    }
    return found;
}

void ProgramTable::count_shared(const Program & p, bool in) {
    if (p.shared == 0) return;
    std::multiset<int32_t> & lengths = shared_[p.salt];
    shared_tokens_ -= lengths.empty() ? 0 : *lengths.rbegin();
    if (in) {
        lengths.insert(p.shared);
    } else {
        lengths.erase(lengths.find(p.shared));
    }
    shared_tokens_ += lengths.empty() ? 0 : *lengths.rbegin();
    if (lengths.empty()) shared_.erase(p.salt);
}

Program * ProgramTable::longest_parked() const {
    return parked_.empty() ? nullptr : find(parked_.begin()->second);
}

std::string ProgramTable::check_integrity() const {
    ProgramTable recount;
    size_t idle = 0, waiting_to_expire = 0;
    for (const auto & [id, p] : programs_) {
        const std::string name = "program " + std::to_string(id) + ": ";
        if (p->live < 0 || p->running < 0 || p->running > p->live) return name + "calls miscounted";
        if (p->demand != 0 && !p->active) return name + "wants pages though it is not active";
        if (p->active && p->paused) return name + "active and paused";
        recount.demand_ += p->demand;
        recount.n_active_ += p->active;
        recount.n_active_of_[static_cast<size_t>(p->cls)] += p->active;
        recount.n_paused_ += p->paused;
        recount.n_windowed_ += windowed(*p);
        if (p->live == 0 && p->active) recount.idle_demand_ += p->demand;
        idle += p->live == 0;
        waiting_to_expire += p->keep_until < kNever;
        if (p->live > 0) continue;
        const Order & order = p->active ? idle_[static_cast<size_t>(p->cls)] : parked_;
        if (order.count({p->since, id}) == 0) return name + "idle and in no order";
    }
    if (recount.demand_ != demand_ || recount.idle_demand_ != idle_demand_) return "programs: demand miscounted";
    if (recount.n_active_ != n_active_ || recount.n_paused_ != n_paused_) return "programs: active ones miscounted";
    if (recount.n_active_of_ != n_active_of_) return "programs: active ones miscounted by class";
    if (recount.n_windowed_ != n_windowed_) return "programs: the window's are miscounted";
    for (const Order & order : idle_) idle -= order.size();
    if (idle != parked_.size()) return "programs: an order holds one that is not idle";
    if (waiting_to_expire != expiry_.size()) return "programs: a TTL never expires";
    return "";
}

void ProgramTable::visit(const std::function<void(const Program &)> & see) const {
    std::vector<ProgramId> ids;
    for (const auto & [id, program] : programs_) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    for (const ProgramId id : ids) see(*programs_.at(id));
}

void ProgramTable::visit_unordered(const std::function<void(const Program &)> & see) const {
    for (const auto & [id, program] : programs_) see(*program);
}

}  // namespace banyan
