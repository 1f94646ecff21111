#include "core/scheduler/first-token-forecast.h"

#include <algorithm>

namespace banyan {

namespace {

// Nearer than this the steps under way decide, not the queue: nothing is learnt from it.
constexpr Micros kSoon = 10'000;
// Up by as much for a late one as down for 19 that were not: it rests where one of twenty is late.
constexpr int64_t kLate = 19, kMostShort = 3000;
// Calls of a queue end in groups, the short ones of each before the long: a mean of few is that of one group.
constexpr int64_t kFewCalls = 8, kCallsASlot = 4;
// A call beside fewer others is sooner done than those of a queue are. It counts so much less, and not nothing: calls
// of another kind may be all that comes.
constexpr int64_t kAmongFewer = 4;
// Of a machine that better classes fill, thousandths that are left for the others at least.
constexpr int64_t kLeast = 250;

/** The first value is all that is known: a mean that begins at 0 would take long to come near. */
void learn(Micros & mean, Micros value) {
    if (mean == 0) {
        mean = value;
    } else {
        smooth(mean, value);
    }
}

}  // namespace

void FirstTokenForecast::came(Class cls, Micros now) {
    if (last_[cls] > 0) learn(between_[cls], now - last_[cls]);
    last_[cls] = now;
}

void FirstTokenForecast::call_ended(Micros took, bool others_wait) {
    const int64_t most = std::max(kFewCalls, kCallsASlot * max_running_);
    if (others_wait) {
        crowded_calls_ = std::min(crowded_calls_ + 1, most);
        call_time_ += (took - call_time_) / crowded_calls_;
    } else if (crowded_calls_ == 0) {
        learn(call_time_, took);
    } else {
        call_time_ += (took - call_time_) / (kAmongFewer * most);
    }
}

void FirstTokenForecast::told(Class cls, Micros predicted, Micros actual) {
    if (predicted < kSoon) return;
    const int64_t by = actual > at_most(cls, predicted) ? kLate : -1;
    short_by_[cls] = std::clamp<int64_t>(short_by_[cls] + by, 0, kMostShort);
}

Micros FirstTokenForecast::predict(Class cls, int32_t n_uncached, int32_t n_cached, const Turn & turn,
                                   const Backlog & backlog, const RunningSet & running, Micros now) const {
    StepShape own;
    own.add_prefill(n_uncached, n_cached);
    StepShape all = own;
    int32_t n_before = 0;
    for (const Class before : {Class::interactive, Class::workflow, Class::background}) {
        if (before > cls) break;
        const int32_t n = std::min(backlog.n(before), turn.n_before - n_before);
        const int64_t each = n == 0 ? 0 : backlog.uncached(before) / backlog.n(before);
        for (int32_t i = 0; i < n; ++i) all.add_prefill(each, 0);
        n_before += n;
    }
    StepShape decodes;
    std::vector<Micros> left;  // of each call whose slot it cannot take
    Micros target =
        cls == Class::interactive ? policy_.longest_step : std::min(policy_.longest_step, pace_.alert_target(now));
    const bool by_share = policy_.quantum > 0 && !policy_.is_fcfs();
    Tenant tenant = turn.tenant;
    for (const Sequence * seq : running) {
        if (seq->cls > cls || seq->cancelled) continue;  // makes room
        const bool above_share = by_share && may_take_slot(tenant, *seq->tenant);
        if (above_share && tenant.running <= turn.tenant.running + n_before) {
            ++tenant.running;  // gives its slot to one of this tenant
            continue;
        }
        left.push_back(left_of_call(now - seq->started));
        if (seq->prefilling()) {
            all.add_prefill(seq->remaining(), seq->computed());
        } else {
            decodes.add_decode(seq->computed());
            target = std::min(target, policy_.step_target[seq->cls]);
        }
    }
    const Micros computed = in_steps(all, decodes, target);
    const Micros wait = until_slot(n_before, left);
    if (wait == 0) return computed;
    // Those that have the other slots then decode as those do that decode now.
    const int64_t context = decodes.decodes > 0 ? decodes.context / decodes.decodes : n_uncached + n_cached;
    StepShape others;
    for (int32_t i = 1; i < max_running_; ++i) others.add_decode(context);
    target = std::min(target, policy_.step_target[cls]);
    return std::max(computed, overtaken(cls, wait, now) + in_steps(own, others, target));
}

/** Time of prompts in steps that are shared with these decodes, which leave them a part of each. */
Micros FirstTokenForecast::in_steps(const StepShape & prompts, const StepShape & decodes, Micros target) const {
    const int32_t most = std::max(pace_.least(), max_batch_tokens_ - static_cast<int32_t>(decodes.decodes));
    const int32_t a_step = pace_.unlimited() ? most : pace_.affordable(0, most, 0, decodes, target);
    const int64_t n_steps = (prompts.prefill + a_step - 1) / std::max(1, a_step);
    StepShape last = prompts;
    last.decodes = decodes.decodes;
    last.context = decodes.context;
    return cost_.step(last) + std::max<int64_t>(0, n_steps - 1) * cost_.step(decodes);
}

/**
 * Span until a slot is free for it, and for the n_before that take theirs before it. Each keeps its slot for as long as
 * calls do: slots come free in the same order, a call's time later each time.
 */
Micros FirstTokenForecast::until_slot(int32_t n_before, const std::vector<Micros> & left) const {
    std::vector<Micros> slots(std::max<size_t>(static_cast<size_t>(max_running_), left.size()), 0);
    std::copy(left.begin(), left.end(), slots.begin());
    std::sort(slots.begin(), slots.end());
    const auto n = static_cast<int32_t>(slots.size());
    return slots[static_cast<size_t>(n_before % n)] + n_before / n * call_time_;
}

/** One that has taken longer than calls do is, for all that is known, half through a second such time. */
Micros FirstTokenForecast::left_of_call(Micros passed) const {
    return std::max<Micros>(1, passed < call_time_ ? call_time_ - passed : call_time_ / 2);
}

/** A wait for a slot, with all that those of better classes take meanwhile. */
Micros FirstTokenForecast::overtaken(Class cls, Micros wait, Micros now) const {
    int64_t taken = 0;  // thousandths of all slots
    for (const Class better : {Class::interactive, Class::workflow}) {
        if (better >= cls) break;
        const Micros between = std::max(between_[better], now - last_[better]);
        if (between_[better] > 0) taken += call_time_ * 1000 / (between * max_running_);
    }
    return wait * 1000 / std::max<int64_t>(kLeast, 1000 - taken);
}

}  // namespace banyan
