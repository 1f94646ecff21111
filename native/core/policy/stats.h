// Counters and gauges that the scheduler keeps; read at any step, never reset.
#pragma once

#include <cstdint>

#include "core/drafts/draft.h"
#include "core/policy/decision.h"

namespace banyan {

struct SchedulerStats {
    // gauges
    int32_t pages_total = 0, pages_free = 0, pages_used = 0;  // used = referenced by a sequence or the tree
    int32_t pages_cached = 0;                                 // of those, referenced by the tree
    int32_t pages_pinned = 0;
    int32_t waiting = 0, running = 0;
    int32_t tree_nodes = 0;
    int32_t states_total = 0, states_used = 0;  // of recurrent layers, saved beside the slots
    int32_t programs = 0;                       // agent runs that are known
    int32_t programs_active = 0;                // of those, that may run and whose pages count as wanted
    int32_t programs_paused = 0;                // that gave up their place to the demand of others
    int32_t window = 0;                         // workflow and background programs that may be active
    int32_t demand_pages = 0;                   // that the active programs are expected to want
    int32_t service_tells_end = 0;  // thousandths: how well attained service tells that a program is nearly done
    // counters
    uint64_t steps = 0;
    uint64_t submitted = 0, finished = 0, cancelled = 0;
    uint64_t prompt_tokens = 0, cached_tokens = 0, prefill_tokens = 0, decode_tokens = 0;
    uint64_t recomputed_tokens = 0;                      // prefilled again after preemption
    uint64_t drafted_tokens = 0, accepted_tokens = 0;    // checked by the model; of those, said
    uint64_t forced_tokens = 0;                          // of outputs, appended without being sampled
    uint64_t draft_steps = 0;                            // steps with drafts
    int64_t draft_saved = 0;                             // us, as measured; negative: drafts cost more than they saved
    int32_t draft_rest = 0;                              // gauge: steps for which drafts rest
    PerDraftKind<uint64_t> drafted_by{}, accepted_by{};  // drafted_tokens and accepted_tokens, by who drafted them
    Micros draft_model_time = 0;                         // that a second model took to read and to draft
    int32_t draft_model_rest = 0;                        // gauge: steps for which it rests
    uint64_t preemptions = 0, pages_evicted = 0, pages_copied = 0;
    uint64_t states_saved = 0, states_loaded = 0, states_evicted = 0;
    uint64_t dedupe_waits = 0;                    // requests that waited for an equal prefix already in flight
    uint64_t resume_tokens = 0, resume_hits = 0;  // of returning calls: tokens their program had; that were still there
    PerTier<int64_t> hit_tokens{};                // cached_tokens, by where they came from
    int64_t pages_host = 0, pages_disk = 0;       // gauges: kept outside the pool
    int32_t pages_loading = 0, pages_storing = 0;  // gauges: on their way
    uint64_t pages_loaded = 0, pages_late = 0, pages_stored = 0;
    uint64_t pages_prefetched = 0, prefetched_used = 0;  // of the loaded: before a request asked; that one then had
    int64_t pages_foretold = 0;                          // of the paths that were told at the start
    int64_t foretold_left = 0;                           // gauge: of those, not read yet, and not left out either
    int64_t states_disk = 0;                             // gauge: of recurrent layers, kept on disk
    uint64_t states_read = 0, states_stored = 0;         // from there, and to it
    RuleCounts decisions{};                              // how often each rule fired

    template <typename See>
    void each_field(See && see) const {
        see("pagesTotal", pages_total);
        see("pagesFree", pages_free);
        see("pagesUsed", pages_used);
        see("pagesCached", pages_cached);
        see("pagesPinned", pages_pinned);
        see("waiting", waiting);
        see("running", running);
        see("treeNodes", tree_nodes);
        see("statesTotal", states_total);
        see("statesUsed", states_used);
        see("statesSaved", states_saved);
        see("statesLoaded", states_loaded);
        see("statesEvicted", states_evicted);
        see("steps", steps);
        see("submitted", submitted);
        see("finished", finished);
        see("cancelled", cancelled);
        see("promptTokens", prompt_tokens);
        see("cachedTokens", cached_tokens);
        see("prefillTokens", prefill_tokens);
        see("decodeTokens", decode_tokens);
        see("recomputedTokens", recomputed_tokens);
        see("draftedTokens", drafted_tokens);
        see("acceptedTokens", accepted_tokens);
        see("forcedTokens", forced_tokens);
        see("draftSteps", draft_steps);
        see("draftSavedMs", Millis{draft_saved});
        see("draftRestSteps", draft_rest);
        see("draftedBy", drafted_by);
        see("acceptedBy", accepted_by);
        see("draftModelMs", Millis{draft_model_time});
        see("draftModelRestSteps", draft_model_rest);
        see("preemptions", preemptions);
        see("pagesEvicted", pages_evicted);
        see("pagesCopied", pages_copied);
        see("dedupeWaits", dedupe_waits);
        see("programs", programs);
        see("programsActive", programs_active);
        see("programsPaused", programs_paused);
        see("window", window);
        see("demandPages", demand_pages);
        see("serviceTellsEnd", service_tells_end / 1000.0);
        see("resumeTokens", resume_tokens);
        see("resumeHits", resume_hits);
        see("hitTokens", hit_tokens);
        see("pagesHost", pages_host);
        see("pagesDisk", pages_disk);
        see("pagesLoading", pages_loading);
        see("pagesStoring", pages_storing);
        see("pagesLoaded", pages_loaded);
        see("pagesLate", pages_late);
        see("pagesStored", pages_stored);
        see("pagesPrefetched", pages_prefetched);
        see("prefetchedUsed", prefetched_used);
        see("pagesForetold", pages_foretold);
        see("foretoldLeft", foretold_left);
        see("statesDisk", states_disk);
        see("statesRead", states_read);
        see("statesStored", states_stored);
        see("rules", decisions);
    }
};

}  // namespace banyan
