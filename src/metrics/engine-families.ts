import type { Registry } from 'prom-client';
import type { NativeStats } from '../native/reports/stats.js';
import { Families } from './family.js';

/** The whole engine: memory, steps, programs, tiers, disk. */
export class EngineFamilies {
  readonly #pages;
  readonly #pageMoves;
  readonly #tierPages;
  readonly #hits;
  readonly #steps;
  readonly #stepSum;
  readonly #stepTime;
  readonly #stepQuantiles;
  readonly #deciding;
  readonly #computed;
  readonly #programs;
  readonly #window;
  readonly #demand;
  readonly #nodes;
  readonly #states;
  readonly #stateMoves;
  readonly #resumed;
  readonly #dedupe;
  readonly #rules;
  readonly #embedded;
  readonly #disk;
  readonly #diskEvents;

  constructor(registry: Registry) {
    const make = new Families(registry);
    this.#pages = make.gauge('banyan_pages', 'Pages of the pool, by state; cached and pinned ones are used, too.', [
      'state',
    ]);
    this.#pageMoves = make.told(
      'banyan_page_moves_total',
      'Pages that were evicted, copied, loaded, late or stored; loaded before a request asked, and then used.',
      ['move'],
    );
    this.#tierPages = make.gauge('banyan_tier_pages', 'Pages that are kept outside the pool.', ['tier']);
    this.#hits = make.told('banyan_hit_tokens_total', 'Tokens of prompts that were read from the cache, by tier.', [
      'tier',
    ]);
    this.#steps = make.told('banyan_steps_total', 'Steps of the model.');
    this.#stepSum = make.told('banyan_step_seconds_total', 'Time in steps.');
    this.#stepTime = make.toldHistogram(
      'banyan_step_seconds',
      'One step of the model that did not fail; the commit is in the sum only.',
      1_000,
    );
    this.#stepQuantiles = make.gauge('banyan_recent_step_seconds', 'Time of a step, of the last 1,024.', [
      'percentile',
    ]);
    this.#deciding = make.gauge('banyan_recent_deciding_seconds', "The scheduler's part of it.", ['percentile']);
    this.#computed = make.told('banyan_computed_tokens_total', 'Tokens through the model, by why.', ['phase']);
    this.#programs = make.gauge('banyan_programs', 'Agent runs, by state.', ['state']);
    this.#window = make.gauge('banyan_program_window', 'Workflow and background programs that may be active.');
    this.#demand = make.gauge('banyan_demand_pages', 'Pages that active programs are expected to want.');
    this.#nodes = make.gauge('banyan_tree_nodes', 'Nodes of the prefix tree.');
    this.#states = make.gauge('banyan_states', 'Saved states of recurrent layers: rows, those in use, on disk.', [
      'state',
    ]);
    this.#stateMoves = make.told(
      'banyan_state_moves_total',
      'Saved states that were copied out of requests, and into them; that made room; read from disk, and written.',
      ['move'],
    );
    this.#resumed = make.told('banyan_resume_tokens_total', 'Tokens that returning programs had computed before.', [
      'found',
    ]);
    this.#dedupe = make.told('banyan_dedupe_waits_total', 'Requests that waited for an equal prefix under way.');
    this.#rules = make.told('banyan_decisions_total', 'How often each rule of the policy fired.', ['rule']);
    this.#embedded = make.told('banyan_embedded_texts_total', 'Texts of which a vector was made.');
    this.#disk = make.gauge(
      'banyan_disk_bytes',
      'The directory of pages on disk: what pages take, all files, and the budget.',
      ['of'],
    );
    this.#diskEvents = make.told('banyan_disk_events_total', 'Pages on disk, by what became of them.', ['event']);
  }

  tell(stats: NativeStats): void {
    const { disk, hitTokens } = stats;
    for (const [state, pages] of Object.entries({
      free: stats.pagesFree,
      used: stats.pagesUsed,
      cached: stats.pagesCached,
      pinned: stats.pagesPinned,
    }))
      this.#pages.set({ state }, pages);
    for (const [move, pages] of Object.entries({
      evicted: stats.pagesEvicted,
      copied: stats.pagesCopied,
      loaded: stats.pagesLoaded,
      late: stats.pagesLate,
      stored: stats.pagesStored,
      prefetched: stats.pagesPrefetched,
      prefetched_used: stats.prefetchedUsed,
    }))
      this.#pageMoves(pages, { move });
    this.#tierPages.set({ tier: 'host' }, stats.pagesHost);
    this.#tierPages.set({ tier: 'disk' }, stats.pagesDisk);
    for (const [tier, tokens] of Object.entries(hitTokens)) this.#hits(tokens, { tier });
    this.#steps(stats.steps);
    this.#stepSum(stats.stepMs / 1_000);
    const timed = Object.values(stats.stepTimes).some((steps) => steps > 0);
    // An embedding model's steps are summed, not counted by time: a sum of no steps would be no histogram.
    if (timed || stats.steps === 0) this.#stepTime.tell(stats.stepTimes, stats.stepMs / 1_000);
    this.#stepQuantiles.set({ percentile: '50' }, stats.stepP50Ms / 1_000);
    this.#stepQuantiles.set({ percentile: '95' }, stats.stepP95Ms / 1_000);
    this.#stepQuantiles.set({ percentile: '99' }, stats.stepP99Ms / 1_000);
    this.#deciding.set({ percentile: '50' }, stats.decidingP50Us / 1e6);
    this.#deciding.set({ percentile: '95' }, stats.decidingP95Us / 1e6);
    this.#computed(stats.prefillTokens, { phase: 'prefill' });
    this.#computed(stats.decodeTokens, { phase: 'decode' });
    this.#computed(stats.recomputedTokens, { phase: 'recomputed' });
    this.#programs.set({ state: 'known' }, stats.programs);
    this.#programs.set({ state: 'active' }, stats.programsActive);
    this.#programs.set({ state: 'paused' }, stats.programsPaused);
    this.#window.set(stats.window);
    this.#demand.set(stats.demandPages);
    this.#nodes.set(stats.treeNodes);
    this.#states.set({ state: 'all' }, stats.statesTotal);
    this.#states.set({ state: 'used' }, stats.statesUsed);
    this.#states.set({ state: 'disk' }, stats.statesDisk);
    for (const [move, states] of Object.entries({
      saved: stats.statesSaved,
      loaded: stats.statesLoaded,
      evicted: stats.statesEvicted,
      read: stats.statesRead,
      stored: stats.statesStored,
    }))
      this.#stateMoves(states, { move });
    this.#resumed(stats.resumeHits, { found: 'true' });
    this.#resumed(stats.resumeTokens - stats.resumeHits, { found: 'false' });
    this.#dedupe(stats.dedupeWaits);
    for (const [rule, count] of Object.entries(stats.rules)) this.#rules(count, { rule });
    this.#embedded(stats.embeddedTexts);
    this.#disk.set({ of: 'used' }, disk.usedBytes);
    this.#disk.set({ of: 'files' }, disk.bytes);
    this.#disk.set({ of: 'budget' }, disk.budgetBytes);
    for (const event of ['loads', 'misses', 'late', 'corrupt', 'stores', 'evicted', 'refused', 'errors'] as const)
      this.#diskEvents(disk[event], { event });
  }
}
