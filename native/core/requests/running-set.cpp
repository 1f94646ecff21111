#include "core/requests/running-set.h"

#include <algorithm>
#include <map>

namespace banyan {

namespace {

constexpr int32_t kLiftedShare = 8;  // of the slots, one in so many for requests above their class

/** Of those that may be preempted, the one that goes before all others. */
template <typename GoesBefore>
Sequence * first_victim(const std::vector<Sequence *> & running, GoesBefore goes_before) {
    Sequence * first = nullptr;
    for (Sequence * seq : running) {
        if (!seq->is_protected() && (!first || goes_before(seq, first))) first = seq;
    }
    return first;
}

/** May the tenant take its slot for a request of this class? */
bool is_above_share(const Sequence & seq, const Tenant & tenant, EffectiveClass cls) {
    return !seq.is_protected() && seq.effective_class >= cls && may_take_slot(tenant, *seq.tenant);
}

}  // namespace

RunningSet::RunningSet(int32_t n_slots, int32_t most_unmovable)
    : n_slots_(n_slots), most_unmovable_(most_unmovable), most_lifted_(std::max(1, n_slots / kLiftedShare)) {
    for (SlotId slot = 0; slot < n_slots; ++slot) free_slots_.insert(slot);
}

void RunningSet::add(Sequence & seq) {
    seq.slot = next_slot();
    free_slots_.erase(seq.slot);
    running_.push_back(&seq);
    n_unmovable_ += seq.is_unmovable();
    n_lifted_ += seq.is_lifted();
    ++seq.tenant->running;
}

void RunningSet::remove(Sequence & seq) {
    free_slots_.insert(seq.slot);
    seq.slot = kNoSlot;
    running_.erase(std::find(running_.begin(), running_.end(), &seq));
    n_unmovable_ -= seq.is_unmovable();
    n_lifted_ -= seq.is_lifted();
    --seq.tenant->running;
}

int32_t RunningSet::decode_growth() const {
    int32_t n_pages = 0;
    for (const Sequence * seq : running_) {
        n_pages += std::max(0, seq->holding->table.pages_needed(1) - seq->holding->promised);
    }
    return n_pages;
}

int32_t RunningSet::interactive_pages() const {
    int32_t n_pages = 0;
    for (const Sequence * seq : running_) {
        if (seq->cls == Class::interactive) n_pages += seq->pages_and_promises();
    }
    return n_pages;
}

bool RunningSet::may_free(int32_t n_pages, EffectiveClass cls) const {
    int64_t held = 0;
    for (const Sequence * seq : running_) {
        if (seq->effective_class > cls && !seq->is_protected()) held += seq->pages_and_promises();
    }
    return held >= n_pages;
}

bool RunningSet::has_worse_than(EffectiveClass cls) const {
    return std::any_of(running_.begin(), running_.end(),
                       [&](const Sequence * seq) { return seq->effective_class > cls; });
}

Sequence * RunningSet::victim() const {
    return first_victim(running_, [](const Sequence * a, const Sequence * b) { return runs_before(b, a); });
}

Sequence * RunningSet::victim_of_class() const {
    return first_victim(running_, [](const Sequence * a, const Sequence * b) {
        if (a->effective_class != b->effective_class) return a->effective_class > b->effective_class;
        if (a->usage.preemptions != b->usage.preemptions) return a->usage.preemptions < b->usage.preemptions;
        return a->admission > b->admission;
    });
}

Sequence * RunningSet::victim_of_share(const Tenant & tenant, EffectiveClass cls) const {
    Sequence * first = nullptr;
    const auto goes_before = [](const Sequence & a, const Sequence & b) {
        if (has_fewer_slots(*a.tenant, *b.tenant) != has_fewer_slots(*b.tenant, *a.tenant)) {
            return has_fewer_slots(*b.tenant, *a.tenant);
        }
        if (a.usage.preemptions != b.usage.preemptions) return a.usage.preemptions < b.usage.preemptions;
        return a.admission > b.admission;
    };
    for (Sequence * seq : running_) {
        if (is_above_share(*seq, tenant, cls) && (!first || goes_before(*seq, *first))) first = seq;
    }
    return first;
}

bool RunningSet::may_free_for_share(int32_t n_pages, const Tenant & tenant, EffectiveClass cls) const {
    int64_t held = 0;
    for (const Sequence * seq : running_) {
        if (is_above_share(*seq, tenant, cls)) held += seq->pages_and_promises();
    }
    return held >= n_pages;
}

EffectiveClass RunningSet::worst_class_of(const Tenant & tenant) const {
    EffectiveClass worst = -1;
    for (const Sequence * seq : running_) {
        if (seq->tenant == &tenant && !seq->is_protected()) worst = std::max(worst, seq->effective_class);
    }
    return worst;
}

const Sequence * RunningSet::of_most_served() const {
    const Sequence * most = nullptr;
    for (const Sequence * seq : running_) {
        if (!most || has_fewer_slots(*most->tenant, *seq->tenant)) most = seq;
    }
    return most;
}

std::string RunningSet::check_integrity() const {
    int32_t lifted = 0, unmovable = 0;
    std::map<const Tenant *, int32_t> of_tenants;
    std::set<SlotId> taken = free_slots_;
    for (const Sequence * seq : running_) {
        if (!taken.insert(seq->slot).second) return "request " + std::to_string(seq->id) + ": shares its slot";
        unmovable += seq->is_unmovable();
        lifted += seq->is_lifted();
        ++of_tenants[seq->tenant];
    }
    for (const auto & [tenant, n] : of_tenants) {
        if (tenant->running != n) return "a tenant's running requests miscounted";
    }
    if (static_cast<int32_t>(taken.size()) != n_slots_) return "a slot is lost";
    if (unmovable != n_unmovable_) return "unmovable requests miscounted";
    if (lifted != n_lifted_) return "lifted requests miscounted";
    return "";
}

}  // namespace banyan
