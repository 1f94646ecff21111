// Drafts from what was said before: by this request, to this tenant, and after exactly this path of the prefix tree.
//
// Owns: a log of each request that decodes, a log and scores of each tenant. Changed by: draft, ended. Thread: the
// engine thread. Invariant: no log, score or draft of a salt is read for another. A request that takes no part in the
// cache reads its own log only, and leaves nothing behind. At most kMostBytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "core/drafts/draft-scores.h"
#include "core/drafts/draft.h"
#include "core/drafts/token-log.h"

namespace banyan {

class Drafter final : public DraftSource {
  public:
    static constexpr int64_t kMostBytes = 16 << 20;

    explicit Drafter(int32_t max_running);

    Draft draft(const DraftQuery & query, int32_t most) override;
    int32_t chance_of_model(const DraftQuery & query, int32_t place) override;
    Draft take(const DraftQuery & query, const ModelDraft & drafted) override;
    void ended(const DraftQuery & query, bool finished) override;

    int64_t bytes() const;

  private:
    /** A draft that is compared with what comes, whether or not it was checked by the model. */
    struct Guess {
        int32_t from = 0;  // tokens before it
        int32_t n = 0, seen = 0;
        std::array<Token, kMostDraft> tokens{};
        std::array<DraftMark, kMostDraft> marks{};
    };
    struct Own {
        std::unique_ptr<TokenLog> log;
        int32_t n_logged = 0;
        std::array<Guess, kDraftKinds> guesses;
    };
    struct Tenant {
        std::unique_ptr<TokenLog> log;
        DraftScores scores;
        uint64_t used = 0;
    };

    static void learn(Guess & guess, const DraftQuery & query, DraftScores & scores);
    Tenant & tenant_of(Salt salt);
    DraftScores & scores_of(const DraftQuery & query) {
        return query.shares ? tenant_of(query.salt).scores : unshared_;
    }
    void make_room();

    const int32_t own_capacity_;
    std::unordered_map<RequestId, Own> own_;
    std::unordered_map<Salt, Tenant> tenants_;  // looked up; walked only for the least recently used
    DraftScores unshared_;                      // of requests that share nothing
    uint64_t clock_ = 0;
};

}  // namespace banyan
