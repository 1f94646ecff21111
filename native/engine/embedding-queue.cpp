#include "engine/embedding-queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace banyan {

namespace {

constexpr uint64_t kClassless = 8;  // each such turn
constexpr uint64_t kPassed = 1 << 20;

}  // namespace

void EmbeddingQueue::add(RequestId request, Class cls, TenantId tenant, int32_t weight, std::vector<int32_t> lengths) {
    if (lengths.empty()) return;
    // One that comes is level with those that wait, and before them: what it had earlier is no debt, its absence no
    // claim.
    if (shares_.count(tenant) == 0) shares_[tenant].passed = least_passed();
    shares_[tenant].weight = static_cast<uint64_t>(weight);
    waiting_.push_back({request, cls, tenant, std::move(lengths)});
}

uint64_t EmbeddingQueue::least_passed() const {
    const auto less = [](const auto & a, const auto & b) { return a.second.passed < b.second.passed; };
    const auto least = std::min_element(shares_.begin(), shares_.end(), less);
    return least == shares_.end() ? 0 : least->second.passed;
}

bool EmbeddingQueue::goes_before(const Waiting & a, const Waiting & b) const {
    const bool by_class = turn_ % kClassless != kClassless - 1;
    const auto rank = [&](const Waiting & one) {
        const Share & share = shares_.at(one.tenant);
        return std::make_tuple(by_class ? one.cls : Class::interactive, share.passed, share.served, one.served, one.id);
    };
    return rank(a) < rank(b);
}

std::optional<EmbeddingQueue::Text> EmbeddingQueue::take(int32_t most, int32_t above) {
    Waiting * first = nullptr;
    for (Waiting & one : waiting_) {
        const int32_t length = one.lengths[one.next];
        if (length > most || length <= above) continue;
        if (!first || goes_before(one, *first)) first = &one;
    }
    if (!first) return std::nullopt;
    const Text text{first->id, static_cast<int32_t>(first->next), first->lengths[first->next]};
    Share & share = shares_[first->tenant];
    share.passed += kPassed / share.weight;
    first->served = share.served = ++turn_;
    if (++first->next == first->lengths.size()) remove(text.request);
    return text;
}

void EmbeddingQueue::remove(RequestId request) {
    const auto found =
        std::find_if(waiting_.begin(), waiting_.end(), [&](const auto & one) { return one.id == request; });
    if (found == waiting_.end()) return;
    const TenantId tenant = found->tenant;
    waiting_.erase(found);
    const auto is_its = [&](const Waiting & one) { return one.tenant == tenant; };
    if (std::none_of(waiting_.begin(), waiting_.end(), is_its)) shares_.erase(tenant);
}

}  // namespace banyan
