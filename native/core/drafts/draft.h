// Tokens that a request is believed to say next, and how likely.
//
// A draft is checked by the model in the step that computes the request's last token: each token is sampled as ever,
// and the next logits count only if the draft was right. So a draft changes when tokens come, never which.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/types.h"
#include "core/words.h"

namespace banyan {

/** Tokens of one draft at most: with the token before them half a page. */
constexpr int32_t kMostDraft = 15;
/** Certainty, as chances are counted. */
constexpr int32_t kCertain = 1 << 16;

/** Whose words a draft repeats. */
enum class DraftKind : uint8_t {
    tree,     // of a prompt or answer that began with exactly the same tokens
    own,      // of the request's prompt and output
    tenant,   // of former answers to the same tenant
    grammar,  // its grammar leaves no other
    model,    // of a second model, see draft-model.h
};
constexpr int kDraftKinds = 5;
template <>
struct Words<DraftKind> {
    static constexpr auto list = words("tree", "own", "tenant", "grammar", "model");
};

/** A number for each kind of draft. */
template <typename T>
struct PerDraftKind : std::array<T, kDraftKinds> {
    T & operator[](DraftKind kind) { return this->at(static_cast<size_t>(kind)); }
    const T & operator[](DraftKind kind) const { return this->at(static_cast<size_t>(kind)); }
    template <typename See>
    void each_field(See && see) const {
        for (size_t kind = 0; kind < kDraftKinds; ++kind) see(word_of(static_cast<DraftKind>(kind)), this->at(kind));
    }
};

struct Draft {
    std::array<Token, kMostDraft> tokens{};
    std::array<int32_t, kMostDraft> chance{};  // that the token and all before it are right, of kCertain
    int32_t n = 0;
    DraftKind kind = DraftKind::own;
};

/** What a second model drafted. */
struct ModelDraft {
    std::array<Token, kMostDraft> tokens{};
    std::array<int32_t, kMostDraft> sure{};  // fifths: how likely each is, as the model has it
    int32_t n = 0;
};

/** What is to be continued. */
struct DraftQuery {
    RequestId request;
    Salt salt;
    bool shares;  // takes part in what the tenant's requests share
    const std::vector<Token> & tokens;
    int32_t n_prompt;
    const Token * ahead;  // [n_ahead]: what the prefix tree holds after exactly these tokens
    int32_t n_ahead;
    const Token * likely = nullptr;  // [n_likely]: what its grammar leaves no choice about, the first n_sure of them
    int32_t n_likely = 0, n_sure = 0;
};

/** Who drafts. Deterministic: the same calls give the same drafts. */
class DraftSource {
  public:
    virtual ~DraftSource() = default;
    /** At most `most` tokens, none if nothing is known. Called once a step for a request that decodes. */
    virtual Draft draft(const DraftQuery & query, int32_t most) = 0;
    /** That the token at `place` of the second model's draft is right, if all before it were, of kCertain. */
    virtual int32_t chance_of_model(const DraftQuery &, int32_t /*place*/) { return 0; }
    /** The second model drafted this: its chances, and from now on it is compared with what comes. */
    virtual Draft take(const DraftQuery &, const ModelDraft &) { return {}; }
    /** The request is gone; finished: its output is whole. */
    virtual void ended(const DraftQuery & query, bool finished) = 0;
};

}  // namespace banyan
