#include "core/policy/decision.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace banyan {

namespace {

template <typename... Kinds>
constexpr std::array<const char *, sizeof...(Kinds)> names_of(const std::variant<Kinds...> *) {
    return {Kinds::kName...};
}

constexpr auto kNames = names_of(static_cast<const decision::What *>(nullptr));

std::string count(int64_t n, const char * noun) {
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

/** 850 us, 12.3 ms, 4.5 s. */
std::string span(Micros micros) {
    char text[32];
    if (micros >= kNever) return "any time";
    if (micros < 1000) return std::to_string(micros) + " us";
    const bool short_one = micros < 1'000'000;
    std::snprintf(text, sizeof text, "%.1f %s", static_cast<double>(micros) / (short_one ? 1e3 : 1e6),
                  short_one ? "ms" : "s");
    return text;
}

const char * paths_of(NodeKind kind) {
    switch (kind) {
        case NodeKind::abandoned:
            return "branches that were given up";
        case NodeKind::finished:
            return "programs that ended";
        case NodeKind::idle:
            return "programs that did not come back in time";
        case NodeKind::acting:
            return "programs that wait for a tool";
        case NodeKind::next:
            return "calls that are known to come";
        case NodeKind::fixed:
            return "system prompts and tools";
    }
    return "";
}

/** What tiers keep: 4 pages, 4 pages and a saved state, a saved state. */
std::string kept(int32_t pages, int32_t states) {
    if (states == 0) return count(pages, "page");
    return (pages > 0 ? count(pages, "page") + " and a" : "a") + " saved state";
}

std::string from(Tier tier) {
    return tier == Tier::disk ? "from disk" : tier == Tier::host ? "from host memory" : "from the device";
}

const char * because(StoreReason reason) {
    switch (reason) {
        case StoreReason::fixed:
            return "as system prompts and tools are used again";
        case StoreReason::human:
            return "while it waits for a person";
        case StoreReason::parked:
            return "as its program is not expected soon";
        case StoreReason::durable:
            return "as its session is journaled";
        case StoreReason::pressure:
            return "as memory is nearly full";
        case StoreReason::used_again:
            return "as they were used again";
        case StoreReason::closing:
            return "as the engine is closed";
    }
    return "";
}

/** What follows "request 3 of program 7: ". */
struct Sentence {
    Micros at;

    std::string operator()(const decision::Arrive & d) const {
        return std::string("arrives with ") + count(d.prompt_tokens, "prompt token") + ", class " + word_of(d.cls);
    }
    std::string operator()(const decision::Refuse & d) const {
        return "refused: its first token would come in " + span(d.predicted) + ", later than it allows; retry in " +
               span(d.retry_after);
    }
    std::string operator()(const decision::Admit & d) const {
        return "starts: " + count(d.cached_tokens, "token") + " cached, " + std::to_string(d.prefill_tokens) +
               " to compute";
    }
    std::string operator()(const decision::Coalesce & d) const {
        return count(d.waiting, "request") + " wait" + (d.waiting == 1 ? "s" : "") + " up to " + span(d.until - at) +
               " for another to share the step with";
    }
    std::string operator()(const decision::Dedupe & d) const {
        return "waits for request " + std::to_string(d.producer) + ", which computes the same first " +
               count(d.shared_tokens, "token");
    }
    std::string operator()(const decision::Bypass & d) const {
        return "starts before request " + std::to_string(d.passed) + ", which finds no room and was passed " +
               count(d.times_passed, "time");
    }
    std::string operator()(const decision::Preempt & d) const {
        const std::string why = d.in_favour_of ? "for request " + std::to_string(d.in_favour_of) : "for want of a page";
        return "stopped " + why + " after " + count(d.computed_tokens, "token") + ", to be computed again";
    }
    std::string operator()(const decision::Lift & d) const {
        return std::string("starts above its class ") + word_of(d.cls) + ", as " +
               word_of(static_cast<Class>(d.effective_class)) + ", because it waited long";
    }
    std::string operator()(const decision::Window & d) const {
        return "up to " + count(d.to, "program") + " may be active instead of " + std::to_string(d.from);
    }
    std::string operator()(const decision::Pause & d) const {
        return "paused with its " + count(d.program_pages, "page") + ": active programs want " +
               std::to_string(d.demand_pages) + ", too many";
    }
    std::string operator()(const decision::Resume & d) const {
        return "active again: active programs want " + count(d.demand_pages, "page");
    }
    std::string operator()(const decision::Retain & d) const { return "pages " + describe(d.retention); }
    std::string operator()(const decision::Expire & d) const {
        return "did not come back within " + span(d.kept) + ": its pages may go";
    }
    std::string operator()(const decision::Evict & d) const {
        return "evicted " + count(d.pages, "page") + " of " + paths_of(d.page_kind);
    }
    std::string operator()(const decision::BreakPin &) const {
        return "could run only on pinned pages: the pin that expires first is ended";
    }
    std::string operator()(const decision::Plan & d) const {
        return "step of " + count(d.prefill_tokens, "prompt token") + " and " +
               count(d.decode_rows, "decoding request");
    }
    std::string operator()(const decision::Draft & d) const {
        const std::string of_model =
            d.of_model > 0 ? ", " + std::to_string(d.of_model) + " of the draft model in " + span(d.drafting) + ","
                           : "";
        const std::string checked =
            count(d.drafts, "draft") + of_model + " checked with " + count(d.decode_rows, "decoding request");
        if (d.expected == 0) return checked + ", whatever that takes";
        char tokens[32];
        std::snprintf(tokens, sizeof tokens, "%.1f", d.expected);
        return checked + ": " + tokens + " tokens expected in " + span(d.with) + ", " + std::to_string(d.decode_rows) +
               " in " + span(d.without) + " without";
    }
    std::string operator()(const decision::DraftRest & d) const {
        return std::string(d.model ? "no drafts of the draft model for " : "no drafts for ") + count(d.steps, "step") +
               ": the last cost more than they saved; all so far " + (d.saved < 0 ? "cost " : "saved ") +
               span(std::abs(d.saved));
    }
    std::string operator()(const decision::Jump & d) const {
        return "goes on with " + count(d.tokens, "token") + " that its grammar leaves no choice about";
    }
    std::string operator()(const decision::Ahead & d) const {
        return count(d.tokens, "token") + " of its next prompt computed ahead, " + std::to_string(d.tokens_left) +
               " left";
    }
    std::string operator()(const decision::Budget & d) const {
        return "prompts get " + count(d.allowed_tokens, "token") + " of this step, so that it takes " +
               span(d.step_time);
    }
    std::string operator()(const decision::Refit & d) const {
        return "measured steps say: " + span(d.step) + " a step, " + std::to_string(d.prefill_nanos) +
               " ns a prompt token";
    }
    std::string operator()(const decision::Finish & d) const {
        return "finished with " + count(d.output_tokens, "token") + ", having waited " + span(d.waited);
    }
    std::string operator()(const decision::Cancel & d) const {
        return "cancelled after " + count(d.output_tokens, "token") + ", having waited " + span(d.waited);
    }
    std::string operator()(const decision::SaveState & d) const {
        const std::string saved = "state after " + count(d.tokens, "token") + " is saved, ";
        if (d.state_kind == NodeKind::abandoned) return saved + "as a row is to spare";
        return saved + "for " + paths_of(d.state_kind);
    }
    std::string operator()(const decision::EvictState & d) const {
        return "evicted " + count(d.states, "saved state") + " of " + paths_of(d.state_kind);
    }
    std::string operator()(const decision::Load & d) const {
        return "waits for " + kept(d.pages, d.states) + " " + from(d.tier) + ", " + span(d.takes) +
               "; computing them would take " + span(d.computing);
    }
    std::string operator()(const decision::Loaded & d) const {
        return kept(d.pages, d.states) + " came " + from(d.tier) + " in " + span(d.took);
    }
    std::string operator()(const decision::LoadLate & d) const {
        return kept(d.pages, d.states) + " did not come " + from(d.tier) + " within " + span(d.waited) +
               ", and will be computed";
    }
    std::string operator()(const decision::LoadGaveWay & d) const {
        return kept(d.pages, d.states) + " " + from(d.tier) + " gave way to request " + std::to_string(d.in_favour_of) +
               " after " + span(d.waited) + ", and will be computed";
    }
    std::string operator()(const decision::Recompute & d) const {
        return kept(d.pages, d.states) + " will be computed in " + span(d.computing) + ": to have them " +
               from(d.tier) + " takes " + span(d.loading);
    }
    std::string operator()(const decision::Store & d) const {
        return kept(d.pages, d.states) + (d.pages + d.states == 1 ? " is" : " are") + " to be written to disk, " +
               because(d.reason);
    }
    std::string operator()(const decision::StoreFailed & d) const {
        return "the disk did not take " + kept(d.pages, d.states) + ": they stay in memory only";
    }
    std::string operator()(const decision::TierRest & d) const {
        return "pages are not read from host or disk for " + span(d.rest) + ": " + count(d.late_loads, "load") +
               " in a row came late";
    }
    std::string operator()(const decision::Disk & d) const { return d.what; }
    std::string operator()(const decision::ProgramEnd & d) const {
        return "ended after " + count(d.calls, "call") + " and " + count(d.service_tokens, "computed token");
    }
};

}  // namespace

const char * name_of(Decision::Kind kind) {
    return kNames[static_cast<size_t>(kind)];
}

std::string describe(const Decision & d) {
    std::string subject;
    if (d.request) subject = "request " + std::to_string(d.request);
    if (d.program && d.program < kAnonymousProgram) {
        subject += (d.request ? " of program " : "program ") + std::to_string(d.program);
    }
    if (!subject.empty()) subject += ": ";
    return subject + std::visit(Sentence{d.at}, d.what);
}

}  // namespace banyan
