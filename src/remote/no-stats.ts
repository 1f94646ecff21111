import { NO_DRAFTS } from '../native/draft-kinds.js';
import type { NativeDiskStats, NativeStats } from '../native/reports/stats.js';

const NO_DISK: NativeDiskStats = {
  ...{ bytes: 0, usedBytes: 0, budgetBytes: 0, pages: 0, loads: 0, loadedBytes: 0, misses: 0, late: 0, corrupt: 0 },
  ...{
    stores: 0,
    storedBytes: 0,
    evicted: 0,
    refused: 0,
    errors: 0,
    stuckThreads: 0,
    writesOff: false,
    readsOff: false,
    error: '',
  },
};

/** What an engine that has done nothing tells of itself. */
export const NO_STATS: NativeStats = {
  ...{
    pagesTotal: 0,
    pagesFree: 0,
    pagesUsed: 0,
    pagesCached: 0,
    pagesPinned: 0,
    waiting: 0,
    running: 0,
    treeNodes: 0,
  },
  ...{ statesTotal: 0, statesUsed: 0, statesSaved: 0, statesLoaded: 0, statesEvicted: 0, steps: 0, submitted: 0 },
  ...{ finished: 0, cancelled: 0, promptTokens: 0, cachedTokens: 0, prefillTokens: 0, decodeTokens: 0 },
  ...{
    recomputedTokens: 0,
    draftedTokens: 0,
    acceptedTokens: 0,
    forcedTokens: 0,
    draftSteps: 0,
    draftSavedMs: 0,
    draftRestSteps: 0,
    draftedBy: NO_DRAFTS,
    acceptedBy: NO_DRAFTS,
    draftModelMs: 0,
    draftModelRestSteps: 0,
  },
  ...{ preemptions: 0, pagesEvicted: 0, pagesCopied: 0, dedupeWaits: 0, programs: 0 },
  ...{ programsActive: 0, programsPaused: 0, window: 0, demandPages: 0, serviceTellsEnd: 0, resumeTokens: 0 },
  ...{ resumeHits: 0, hitTokens: { device: 0, host: 0, disk: 0 }, pagesHost: 0, pagesDisk: 0, pagesLoading: 0 },
  ...{
    pagesStoring: 0,
    pagesLoaded: 0,
    pagesLate: 0,
    pagesStored: 0,
    pagesPrefetched: 0,
    prefetchedUsed: 0,
    pagesForetold: 0,
    foretoldLeft: 0,
    callbacks: 0,
    embeddedTexts: 0,
    stepMs: 0,
  },
  ...{ statesDisk: 0, statesRead: 0, statesStored: 0 },
  ...{ stepP50Ms: 0, stepP95Ms: 0, stepP99Ms: 0, decidingP50Us: 0, decidingP95Us: 0, rules: {}, disk: NO_DISK },
  ...{ stepTimes: {}, stepTokens: {}, stepTokenSum: 0 },
  cost: { step: 0, prefill: 0, pair: 0, context: 0, decode: 0, state: 0 },
};
