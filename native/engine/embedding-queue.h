// Texts that wait to be embedded, in the order that is fair to those who asked.
//
// Owns: which text of each request is next. Changed by: add, take, remove. Thread: one. Invariant: tenants of a class
// take turns, one of weight 3 three for each of one of weight 1, and so do the requests of a tenant, text by text; each
// eighth text is chosen without regard to classes, so none starves.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/types.h"

namespace banyan {

class EmbeddingQueue {
  public:
    struct Text {
        RequestId request;
        int32_t index;
        int32_t n_tokens;
    };

    /** weight: of the tenant, from now on, 1 to kMostTenantWeight. lengths: tokens of each text, in order. */
    void add(RequestId request, Class cls, TenantId tenant, int32_t weight, std::vector<int32_t> lengths);
    /** Takes the next text of at most `most` and more than `above` tokens; nullopt: there is none. */
    std::optional<Text> take(int32_t most, int32_t above = 0);
    /** What is left of the request goes. */
    void remove(RequestId request);

    /** No text waits. */
    bool empty() const { return waiting_.empty(); }

  private:
    struct Waiting {
        RequestId id;
        Class cls;
        TenantId tenant;
        std::vector<int32_t> lengths;
        size_t next = 0;
        uint64_t served = 0;  // the turn that took a text of it last
    };
    /** A tenant that waits. */
    struct Share {
        uint64_t weight = 1;
        uint64_t passed = 0;  // grows by kPassed / weight with each text: whose is least is next
        uint64_t served = 0;  // as Waiting::served
    };
    uint64_t least_passed() const;
    bool goes_before(const Waiting & a, const Waiting & b) const;

    std::vector<Waiting> waiting_;  // with texts that were not taken
    std::unordered_map<TenantId, Share> shares_;
    uint64_t turn_ = 0;
};

}  // namespace banyan
