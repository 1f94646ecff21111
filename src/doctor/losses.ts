import { joined } from '../chat/next-turn.js';
import { canonicalJson } from '../kit/canonical-json.js';
import { isFields } from './bodies.js';
import { type Call, type Part, textOfPart, toPart } from './call.js';
import { type Compared, compare, type Edit } from './edits.js';
import type { LintName } from './lints.js';
import { estimated, type Reading } from './readings.js';

/** One reason for which a call computed what it could have reused. */
export interface Loss {
  readonly lint: LintName;
  readonly field: string;
  readonly times: number;
  /** Tokens that would not have been computed without it. */
  readonly tokens: number;
  /** The edit; undefined: the texts are the same. */
  readonly edit: Edit | undefined;
}

/** A call against the one before it. */
export interface Losses {
  /** Tokens of the prompt. */
  readonly prompt: number;
  /** Of them: what the call before had computed, and this one begins with. */
  readonly reused: number;
  /** The first token that differs, its position in the prompt; undefined: it only goes on. */
  readonly token: number | undefined;
  readonly losses: readonly Loss[];
  readonly markBehind: string | undefined;
  /** False: counted in characters, four to a token. */
  readonly exact: boolean;
}

/** Edits of one call that are told apart; what is more counts for the last. */
const MOST_EDITS = 6;

/** Stands for what a caller says next, to see where the answer before it ends. */
const NEXT = { role: 'user', content: 'Banyan7Next' };

/** What a call lost, in tokens of `reading`, or of characters where that cannot read it. */
export async function lossesOf({ before, earlier }: Past, now: Call, reading: Reading): Promise<Losses> {
  const compared = compare(before, now);
  const count = (by: Reading) => new Counting(before, earlier, now, compared, by).losses();
  return reading === estimated ? count(reading) : count(reading).catch(() => count(estimated)); // too long for the model, no text ...
}

/** What a call is compared with. */
export interface Past {
  readonly before: Call;
  /** Calls before that one whose prompts it may begin with, too. */
  readonly earlier: readonly Call[];
}

/** Counts by putting things back: what is reused once a field is as it was, and was not before, is what the field cost. */
class Counting {
  readonly #before: Call;
  readonly #earlier: readonly Call[];
  readonly #now: Call;
  readonly #compared: Compared;
  readonly #reading: Reading;
  readonly #losses: Loss[] = [];

  constructor(before: Call, earlier: readonly Call[], now: Call, compared: Compared, reading: Reading) {
    this.#before = before;
    this.#earlier = earlier;
    this.#now = now;
    this.#compared = compared;
    this.#reading = reading;
  }

  async losses(): Promise<Losses> {
    const now = this.#measured ? (this.#now.cost?.prompt as Int32Array) : await this.#units(this.#now, this.#now.parts);
    const past = await this.#past();
    const { apart, shown } = this.#settings();
    const common = commonLength(past, now);
    const cached = this.#measured ? (this.#now.cost?.cached ?? 0) : 0;
    if (apart) this.#lost(apart, apart === 'other-model' ? 'model' : 'tenant', common);
    const reached = apart ? common : Math.max(common, cached, await this.#reached(now));
    const reused = this.#measured ? cached : apart ? 0 : reached;
    const begun = now.length - reached;
    const left = await this.#restoreAll(past, shown ? await this.#restoreSettings(past, begun) : begun);
    if (this.#losses.length === 0) this.#rewritten(past, now, common, left);
    this.#kept(common);
    const { tokensPerUnit } = this.#reading;
    return {
      prompt: Math.round(now.length * tokensPerUnit),
      reused: Math.round(reused * tokensPerUnit),
      token: common < Math.min(past.length, now.length) ? Math.round(common * tokensPerUnit) : undefined,
      losses: this.#losses,
      markBehind: this.#compared.markBehind,
      exact: this.#reading !== estimated,
    };
  }

  /** The engine itself told the tokens of both calls. */
  get #measured(): boolean {
    return this.#reading !== estimated && this.#before.cost !== undefined && this.#now.cost !== undefined;
  }

  /** What was computed before: the prompt, and the answer to it where this call goes on with it. */
  async #past(): Promise<Int32Array> {
    const { cost, parts } = this.#before;
    const { answer } = this.#compared;
    if (this.#measured && cost) return answer ? joined(cost.prompt, cost.output) : cost.prompt;
    const said = answer ? [...parts, answer, toPart('next', 'messages', 'user', NEXT)] : parts;
    return this.#units(this.#before, said);
  }

  /** How far the call begins as one before the last did: who goes back to other tools finds their prompt again. */
  async #reached(now: Int32Array): Promise<number> {
    const { edits } = this.#compared;
    const same = ({ model, tenant }: Call) => model === this.#now.model && tenant === this.#now.tenant;
    const calls = this.#measured || edits.length === 0 ? [] : this.#earlier.filter(same);
    const prompts = await Promise.all(calls.map((call) => this.#units(call, call.parts)));
    return Math.max(0, ...prompts.map((prompt) => commonLength(prompt, now)));
  }

  #units(call: Call, parts: readonly Part[]): Promise<Int32Array> {
    return this.#reading.units(call, parts);
  }

  /** Undoes one edit after the other: the one that makes more of the past fit is the one that stood in its way. */
  async #restoreAll(past: Int32Array, from: number): Promise<number> {
    const undone = new Set<Edit>();
    let rest = [...this.#compared.edits];
    let left = from;
    while (rest.length > 0) {
      const tried = rest.length > MOST_EDITS ? [rest] : [...rest.map((edit) => [edit]), rest];
      for (const some of tried) {
        const parts = this.#compared.mended(new Set([...undone, ...some]));
        const units = await this.#units({ ...this.#now, settings: this.#before.settings }, parts);
        const own = some.reduce((sum, edit) => sum + edit.own, 0) * this.#unitsPerCharacter(units, parts);
        const nowLeft = units.length - commonLength(past, units) + own;
        if (nowLeft >= left && some !== rest) continue;
        const [first] = some as [Edit];
        this.#lost(first.lint, first.field, Math.max(0, left - nowLeft), first);
        if (some === rest) for (const edit of rest.slice(1)) this.#lost(edit.lint, edit.field, 0, edit);
        for (const edit of some) undone.add(edit);
        left = Math.min(left, nowLeft - own);
        break;
      }
      rest = rest.filter((edit) => !undone.has(edit));
    }
    return left;
  }

  #unitsPerCharacter(units: Int32Array, parts: readonly Part[]): number {
    const characters = parts.reduce((sum, part) => sum + textOfPart(part).length, 0);
    return units.length / Math.max(1, characters);
  }

  /** Whole calls that share nothing, and options that a template may show. */
  #settings(): { apart: LintName | undefined; shown: boolean } {
    const [b, n] = [this.#before, this.#now];
    const apart = b.model !== n.model ? 'other-model' : b.tenant !== n.tenant ? 'other-tenant' : undefined;
    return { apart, shown: canonicalJson(b.settings) !== canonicalJson(n.settings) };
  }

  async #restoreSettings(past: Int32Array, left: number): Promise<number> {
    const { before, after } = { before: this.#before.settings, after: this.#now.settings };
    const units = await this.#units({ ...this.#now, settings: before }, this.#now.parts);
    const nowLeft = units.length - commonLength(past, units);
    const names = Object.keys({ ...before, ...after });
    const field = names.find((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null));
    if (nowLeft < left) this.#lost('other-template', field ?? 'options', left - nowLeft);
    return Math.min(left, nowLeft);
  }

  /** Nothing was changed, and yet the prompt does not begin with the one before. */
  #rewritten(past: Int32Array, now: Int32Array, common: number, left: number): void {
    if (this.#reading === estimated || this.#compared.edits.length > 0) return;
    const lost = Math.min(past.length, now.length) - common;
    if (lost <= 0 || left <= 0) return;
    const { answer } = this.#compared;
    const said = this.#before.cost?.text.trim();
    const told =
      isFields(answer?.value) && typeof answer.value.content === 'string' ? answer.value.content.trim() : said;
    if (said !== undefined && told !== said) this.#lost('history-edited', `${answer?.field}.content`, lost);
    else this.#lost('template-rewrites-history', 'template', lost);
  }

  /** What the cache no longer had. */
  #kept(common: number): void {
    const { cost } = this.#now;
    if (!cost || !this.#measured) return;
    const gone = Math.min(common, cost.prompt.length - 1) - cost.cached;
    const off = [cost, this.#before.cost].some((each) => each?.reason === 'reuse-off');
    const lint = off ? 'cache-off' : cost.reason === 'no-state' ? 'no-state' : 'evicted';
    if (gone > 0 && this.#before.tenant === this.#now.tenant) this.#lost(lint, 'cache', gone);
  }

  #lost(lint: LintName, field: string, units: number, edit?: Edit): void {
    const tokens = Math.round(units * this.#reading.tokensPerUnit);
    this.#losses.push({ lint, field, times: edit?.times ?? 1, tokens, edit });
  }
}

/** How many of the first are the same. */
export function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
