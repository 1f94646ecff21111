#include "core/drafts/drafter.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr int64_t kBytesOfToken = 12;
constexpr int32_t kTenantLog = 1 << 16;   // tokens
constexpr int32_t kLongestOwn = 1 << 15;  // tokens of a request's own log
constexpr int32_t kAnswer = 512;          // tokens that an answer is expected to have; of a longer one the latest stay
constexpr int32_t kMostAtOnce = 2048;     // tokens of a prompt that are logged in one step: 50 us
constexpr size_t kMostTenants = 10;
constexpr int32_t kSure = 14, kUnsure = 4;  // lengths of matches that are right as often, at first

/** Half of the memory is for the requests that run. */
int32_t own_capacity(int32_t max_running) {
    int32_t capacity = kLongestOwn;
    while (capacity > 256 && capacity * kBytesOfToken * max_running > Drafter::kMostBytes / 2) capacity /= 2;
    return capacity;
}

}  // namespace

Drafter::Drafter(int32_t max_running) : own_capacity_(own_capacity(max_running)) {}

int64_t Drafter::bytes() const {
    int64_t bytes = 0;
    for (const auto & [id, own] : own_) bytes += own.log->bytes();
    for (const auto & [salt, tenant] : tenants_) bytes += tenant.log->bytes() + static_cast<int64_t>(sizeof(Tenant));
    return bytes;
}

void Drafter::learn(Guess & guess, const DraftQuery & query, DraftScores & scores) {
    const auto n_tokens = static_cast<int32_t>(query.tokens.size());
    while (guess.seen < guess.n && guess.from + guess.seen < n_tokens) {
        const int32_t place = guess.seen++;
        const bool right = query.tokens[guess.from + place] == guess.tokens[place];
        const DraftMark & mark = guess.marks[place];
        scores.count(mark, place, right);
        if (mark.kind == DraftKind::model) scores.count({mark.kind, 0, kAnyVotes}, place, right);
        if (!right) guess.n = guess.seen;
    }
}

void Drafter::make_room() {
    while (tenants_.size() >= kMostTenants) {
        tenants_.erase(std::min_element(tenants_.begin(), tenants_.end(),
                                        [](const auto & a, const auto & b) { return a.second.used < b.second.used; }));
    }
}

Drafter::Tenant & Drafter::tenant_of(Salt salt) {
    auto it = tenants_.find(salt);
    if (it == tenants_.end()) {
        make_room();
        it = tenants_.emplace(salt, Tenant{std::make_unique<TokenLog>(kTenantLog), {}, 0}).first;
    }
    it->second.used = ++clock_;
    return it->second;
}

Draft Drafter::draft(const DraftQuery & query, int32_t most) {
    const auto n_tokens = static_cast<int32_t>(query.tokens.size());
    Own & own = own_[query.request];
    if (!own.log) {
        int32_t capacity = 256;
        while (capacity < n_tokens + kAnswer && capacity < own_capacity_) capacity *= 2;
        own.log = std::make_unique<TokenLog>(capacity);
        own.n_logged = std::max(0, n_tokens - capacity);
    }
    const int32_t until = std::min(n_tokens, own.n_logged + kMostAtOnce);
    while (own.n_logged < until) own.log->push(query.tokens[own.n_logged++]);

    Tenant * tenant = query.shares ? &tenant_of(query.salt) : nullptr;
    DraftScores & scores = tenant ? tenant->scores : unshared_;
    for (Guess & guess : own.guesses) learn(guess, query, scores);

    std::array<Guess, kDraftKinds> found;
    const int32_t n_look = std::min(n_tokens, TokenLog::kLook);
    const Token * const recent = query.tokens.data() + n_tokens - n_look;
    const bool scores_only = most <= 0;
    const auto take = [&](DraftKind kind, const TokenLog & log) {
        const Guess & pending = own.guesses[static_cast<size_t>(kind)];
        if (scores_only && pending.seen < pending.n) return;  // it would be dropped
        const Continuation next = log.after(recent, n_look, kMostDraft);
        if (next.n == 0) return;
        Guess & guess = found[static_cast<size_t>(kind)];
        guess.n = next.n;
        guess.tokens = next.tokens;
        for (int32_t i = 0; i < next.n; ++i) guess.marks[i] = {kind, next.length, next.votes[i]};
    };
    if (own.n_logged == n_tokens) take(DraftKind::own, *own.log);
    if (tenant) take(DraftKind::tenant, *tenant->log);
    Guess & tree = found[static_cast<size_t>(DraftKind::tree)];
    tree.n = std::min(query.n_ahead, kMostDraft);
    for (int32_t i = 0; i < tree.n; ++i) {
        tree.tokens[i] = query.ahead[i];
        // The longer it has said the same, the surer it goes on so.
        tree.marks[i] = {DraftKind::tree, n_tokens - query.n_prompt, 5};
    }
    Guess & grammar = found[static_cast<size_t>(DraftKind::grammar)];
    grammar.n = std::min(query.n_likely, kMostDraft);
    for (int32_t i = 0; i < grammar.n; ++i) {
        const bool sure = i < query.n_sure;
        grammar.tokens[i] = query.likely[i];
        grammar.marks[i] = {DraftKind::grammar, sure ? kSure : kUnsure, sure ? 5 : 1};
    }

    Draft best;
    int64_t best_gain = 0;
    for (size_t kind = 0; kind < found.size(); ++kind) {
        if (kind == static_cast<size_t>(DraftKind::model)) continue;  // see take()
        Guess & guess = found[kind];
        guess.from = n_tokens;
        Draft draft;
        draft.kind = static_cast<DraftKind>(kind);
        int64_t chance = kCertain, gain = 0;
        for (int32_t i = 0; i < guess.n; ++i) {
            chance = chance * scores.chance(guess.marks[i], i) / kCertain;
            if (i >= most) break;
            draft.tokens[i] = guess.tokens[i];
            draft.chance[i] = static_cast<int32_t>(chance);
            draft.n = i + 1;
            gain += chance;
        }
        if (gain > best_gain) {
            best_gain = gain;
            best = draft;
        }
        // One that is not decided yet is not forgotten for a newer one.
        Guess & pending = own.guesses[kind];
        if (pending.seen >= pending.n) pending = guess;
    }
    return best;
}

int32_t Drafter::chance_of_model(const DraftQuery & query, int32_t place) {
    return scores_of(query).chance({DraftKind::model, 0, kAnyVotes}, place);
}

Draft Drafter::take(const DraftQuery & query, const ModelDraft & drafted) {
    const DraftScores & scores = scores_of(query);
    Guess guess;
    Draft draft;
    guess.from = static_cast<int32_t>(query.tokens.size());
    guess.n = draft.n = drafted.n;
    guess.tokens = draft.tokens = drafted.tokens;
    draft.kind = DraftKind::model;
    int64_t chance = kCertain;
    for (int32_t i = 0; i < drafted.n; ++i) {
        guess.marks[i] = {DraftKind::model, 0, drafted.sure[i]};
        chance = chance * scores.chance(guess.marks[i], i) / kCertain;
        draft.chance[i] = static_cast<int32_t>(chance);
    }
    own_[query.request].guesses[static_cast<size_t>(DraftKind::model)] = guess;
    return draft;
}

void Drafter::ended(const DraftQuery & query, bool finished) {
    own_.erase(query.request);
    if (!finished || !query.shares) return;
    TokenLog & log = *tenant_of(query.salt).log;
    // With the end of the prompt before it, so that the first words of an answer can be foretold.
    const int32_t from = std::max(0, query.n_prompt - 8);
    for (auto i = static_cast<size_t>(from); i < query.tokens.size(); ++i) log.push(query.tokens[i]);
}

}  // namespace banyan
