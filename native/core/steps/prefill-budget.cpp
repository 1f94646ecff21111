#include "core/steps/prefill-budget.h"

#include <algorithm>

namespace banyan {

PrefillBudget::PrefillBudget(const PolicyConfig & policy, const StepPace & pace, int32_t n_tokens,
                             const StepShape & decodes, Micros step_target, std::optional<TenantId> crowd, Micros now)
    : policy_(policy),
      pace_(pace),
      n_tokens_(n_tokens),
      left_(n_tokens),
      shape_(decodes),
      target_(pace.unlimited() ? kNever : step_target),
      target_for_others_(pace.unlimited() ? kNever : std::min(step_target, pace.alert_target(now))),
      now_(now) {
    if (crowd && policy.quantum > 0 && pace.may_another_come(*crowd, now)) crowd_ = crowd;
}

/** Better by one for every `age` without a token of it: the prompts that compute before it may have no end. */
EffectiveClass PrefillBudget::effective_class(const Sequence & seq) const {
    const Micros age = policy_.age[seq.cls];
    if (age == 0 || policy_.is_fcfs()) return seq.effective_class;
    return static_cast<EffectiveClass>(std::max<Micros>(0, seq.effective_class - (now_ - seq.progressed) / age));
}

void PrefillBudget::sort(std::vector<PrefillChunk> & chunks) const {
    const bool by_resume = !policy_.is_fcfs(), by_tenant = by_resume && policy_.quantum > 0;
    int64_t least = INT64_MAX;
    for (const PrefillChunk & chunk : chunks) least = std::min(least, chunk.seq->tenant->service);
    const auto is_overdrawn = [&](const Tenant & tenant) { return tenant.service > least + 2 * policy_.quantum; };
    std::sort(chunks.begin(), chunks.end(), [&](const PrefillChunk & a, const PrefillChunk & b) {
        if (a.effective_class != b.effective_class) return a.effective_class < b.effective_class;
        const Tenant &of_a = *a.seq->tenant, &of_b = *b.seq->tenant;
        if (by_tenant && is_overdrawn(of_a) != is_overdrawn(of_b)) return is_overdrawn(of_b);
        if (by_tenant && has_fewer_slots(of_a, of_b)) return true;
        if (by_tenant && has_fewer_slots(of_b, of_a)) return false;
        if (by_resume && a.seq->resumes != b.seq->resumes) return a.seq->resumes;
        return a.seq->admission < b.seq->admission;
    });
}

bool PrefillBudget::is_cold_and_due(const PrefillChunk & chunk) const {
    const Sequence & seq = *chunk.seq;
    return !policy_.is_fcfs() && !seq.resumes && now_ - seq.usage.submitted >= policy_.coalesce[seq.cls];
}

/** No token of this step for it, which is shorter then: it loses no time that its answer would miss. */
bool PrefillBudget::stands_back(const PrefillChunk & chunk) const {
    const Sequence & seq = *chunk.seq;
    const Micros patience = std::min(policy_.step_target[seq.cls], policy_.longest_step);
    return crowd_waits_ && seq.tenant_id == crowd_ && now_ - seq.progressed < patience;
}

/** The chunk grows to at most `most` tokens, as far as the step stays short enough. */
void PrefillBudget::grant(PrefillChunk & chunk, int32_t most) {
    if (most <= chunk.n_tokens || stands_back(chunk)) return;
    const int32_t n_past = chunk.seq->computed();
    StepShape without = shape_;
    without.remove_prefill(chunk.n_tokens, n_past);
    const bool in_no_hurry = chunk.seq->effective_class > 0 || chunk.seq->tenant_id == crowd_;
    const Micros target = in_no_hurry ? target_for_others_ : target_;
    const int32_t n = pace_.affordable(n_past, most, given() - chunk.n_tokens, without, target);
    if (n <= chunk.n_tokens) return;
    shape_ = without;
    shape_.add_prefill(n, n_past);
    left_ -= n - chunk.n_tokens;
    chunk.n_tokens = n;
}

void PrefillBudget::share(std::vector<PrefillChunk> & chunks) {
    const bool mostly_decodes = shape_.decodes >= static_cast<int64_t>(chunks.size());
    crowd_waits_ = crowd_ && mostly_decodes && pace_.awaits_another(*crowd_, now_);
    const auto first_cold =
        std::find_if(chunks.begin(), chunks.end(), [&](const PrefillChunk & chunk) { return is_cold_and_due(chunk); });
    const PrefillChunk * cold = first_cold == chunks.end() ? nullptr : &*first_cold;
    int32_t kept = cold ? std::min(cold->seq->next_chunk(), n_tokens_ * policy_.cold_share / 1000) : 0;
    for (int pass = 0; pass < (cold ? 2 : 1); ++pass) {
        for (PrefillChunk & chunk : chunks) {
            if (left_ <= 0) break;
            if (&chunk == cold) kept = 0;
            const bool leaves = cold && chunk.seq->resumes && cold->effective_class <= chunk.effective_class;
            grant(chunk, std::min(chunk.seq->next_chunk(), chunk.n_tokens + left_ - (leaves ? kept : 0)));
        }
    }
}

}  // namespace banyan
