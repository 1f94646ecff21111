import { Agent } from '../agent/agent.js';
import type { AgentStep, RunResult } from '../agent/agent-events.js';
import type { AgentOptions } from '../agent/agent-options.js';
import type { ChatMessage } from '../chat/chat-message.js';
import { readMessages } from '../chat/read-prompt.js';
import type { GenerationResult } from '../engine/generation.js';
import type { GenerateOptions } from '../engine/request-options.js';
import { hasCode } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { callback, type OptionsOf, other } from '../native/option-kinds.js';
import type { Route, Routed } from './route.js';
import { checkRules, firstRule, type Rule } from './rules.js';
import { checkTiers, Ledger, type Tier, type TierEngine, type TierReport, withEngine } from './tier.js';

/** The table of TiersOptions. */
export const TIERS = {
  /** Says in which tier a request begins. Default: in the first. */
  route: callback<Route>(),
  /** Rules that pass an answer on to the next tier. Default: none. */
  escalate: other<readonly Rule[]>('a list of rules', (field, value) =>
    checkRules(readList(field, value as readonly Rule[], 'a list of rules')),
  ),
};

export interface TiersOptions extends OptionsOf<typeof TIERS> {}

/** One try of a request. */
export interface Try {
  readonly tier: string;
  /** The rule that passed it on; undefined: it is the answer. */
  readonly rule: string | undefined;
}

export interface Tiered<Result> {
  readonly result: Result;
  /** The tier that gave it. */
  readonly tier: string;
  /** All tries, the last of which gave the result. */
  readonly tries: readonly Try[];
}

/**
 * A small model before a large one, or several: a route says where a request begins, rules say when its answer is not good
 * enough. The last tier's answer stands, whatever it is. What each tier did adds up in `report()`, to the token.
 */
export class Tiers {
  readonly #tiers: readonly Tier[];
  readonly #ledgers: readonly Ledger[];
  readonly #route: Route | undefined;
  readonly #rules: readonly Rule[];

  /** Tiers from the smallest to the largest. Throws INVALID_OPTION. */
  constructor(tiers: readonly Tier[], options: TiersOptions = {}) {
    const { route, escalate = [] } = readTable('options', options, TIERS);
    this.#tiers = checkTiers(tiers);
    this.#ledgers = this.#tiers.map((tier) => new Ledger(tier));
    this.#route = route;
    this.#rules = escalate;
  }

  /** One answer. Rejects as `engine.generate()` does, with what the last tier that was asked rejects with. */
  async generate<Output = unknown>(
    messages: readonly ChatMessage[],
    options: GenerateOptions<Output> = {},
  ): Promise<Tiered<GenerationResult<Output>>> {
    const said = readMessages(messages);
    const logprobs = this.#rules.some((rule) => rule.logprobs) ? (options.logprobs ?? 0) : options.logprobs;
    const asked = { ...options, ...(logprobs !== undefined && { logprobs }) };
    return this.#climb(said, async (engine, ledger) => {
      const result = await engine.generate<Output>(said, asked).result.catch((reason) => {
        if (hasCode(reason, 'INVALID_OUTPUT') && reason.answer)
          ledger.add(reason.answer.usage, [reason.answer.usage.elsewhere]);
        throw reason;
      });
      ledger.add(result.usage, [result.usage.elsewhere]);
      return { result, rule: await firstRule(this.#rules, (one) => one.answer?.(result as GenerationResult)) };
    });
  }

  /**
   * A run of an agent. One that is passed on goes on in the next tier with the conversation so far, results of tools included: no
   * tool gets a call again. Options are those of `new Agent()` without `engine`. Rejects as a run does.
   */
  async run(
    options: Omit<AgentOptions, 'engine'>,
    input: string | readonly ChatMessage[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Tiered<RunResult>> {
    let said: readonly ChatMessage[] = readMessages(
      typeof input === 'string' ? { role: 'user', content: input } : input,
    );
    return this.#climb(said, async (engine, ledger, last) => {
      const run = new Agent({ ...options, engine }).run(said, { signal });
      const steps: AgentStep[] = [];
      let rule: string | undefined;
      for await (const event of run) {
        if (event.type !== 'step') continue;
        steps.push(event.step);
        if (last || event.step.tools.length === 0) continue; // an answer stands
        rule = await firstRule(this.#rules, (one) => one.steps?.(steps));
        if (rule) break; // leaving the stream cancels the run
      }
      const result = await run;
      ledger.add(
        result.usage,
        result.steps.map(({ usage }) => usage.elsewhere),
      );
      // All of its steps: while the rules were asked, it may have gone on.
      if (rule) said = [...said, ...result.steps.flatMap(toMessages)];
      return { result, rule };
    });
  }

  /** What each tier did, from the smallest to the largest. */
  report(): TierReport[] {
    return this.#ledgers.map((ledger) => ledger.report());
  }

  /** Tier after tier, from the one that the route names, until no rule passes the answer on. */
  async #climb<Result>(
    messages: readonly ChatMessage[],
    ask: (engine: TierEngine, ledger: Ledger, last: boolean) => Promise<{ result: Result; rule: string | undefined }>,
  ): Promise<Tiered<Result>> {
    const tries: Try[] = [];
    for (let at = await this.#begin(messages); ; at++) {
      const [tier, ledger] = [this.#tiers[at] as Tier, this.#ledgers[at] as Ledger];
      const last = at === this.#tiers.length - 1;
      ledger.asked++;
      let answer: { result: Result; rule: string | undefined } | undefined;
      let rule: string | undefined;
      try {
        answer = await withEngine(tier.engine, (engine) => ask(engine, ledger, last));
        rule = answer.rule;
      } catch (reason) {
        rule = await firstRule(this.#rules, (one) => one.failure?.(reason));
        if (!rule || last) throw reason;
      }
      const passed = last ? undefined : rule;
      tries.push({ tier: tier.name, rule: passed });
      if (answer && !passed) return { result: answer.result, tier: tier.name, tries };
      ledger.escalated++;
    }
  }

  async #begin(messages: readonly ChatMessage[]): Promise<number> {
    const said = await this.#route?.(messages);
    const { tier, asked }: Routed = typeof said === 'object' ? said : { tier: said };
    if (asked) {
      const at = this.#tiers.findIndex(({ engine }) => engine === asked.engine);
      const ledger = this.#ledgers[at];
      if (ledger) ledger.routed++;
      ledger?.add(asked.result.usage, [asked.result.usage.elsewhere]);
    }
    if (tier === undefined) return 0;
    const at = this.#tiers.findIndex(({ name }) => name === tier);
    if (at >= 0) return at;
    throw invalidOption('route', `one of ${this.#tiers.map(({ name }) => name).join(', ')}`, tier);
  }
}

/** A step as the next model reads it. */
function toMessages({ text, reasoning, tools }: AgentStep): ChatMessage[] {
  const toolCalls = tools.map(({ call }) => call);
  if (text === '' && toolCalls.length === 0) return []; // it was cancelled before its first word
  return [
    { role: 'assistant', content: text, reasoning, toolCalls },
    ...tools.map(({ call, content }) => ({ role: 'tool' as const, toolCallId: call.id, name: call.name, content })),
  ];
}
