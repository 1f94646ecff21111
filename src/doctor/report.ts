import type { Conversation } from './conversations.js';
import { LINTS, type LintName } from './lints.js';
import type { Loss, Losses } from './losses.js';

/** Both sides of a difference, a few words around it. */
export interface Excerpt {
  readonly before: string;
  readonly after: string;
}

/** Why one call computed what it could have reused. */
export interface Finding {
  readonly lint: LintName;
  /** Line of the log, or how many-th call it was, from 1. */
  readonly call: number;
  readonly conversation: string;
  /** Field at fault in the caller's words: `system`, `tools[3].description`, `messages[5].content`. */
  readonly field: string;
  /** Places of this kind in the call. */
  readonly times: number;
  /** Position of the first token that differs; undefined: none does. */
  readonly token: number | undefined;
  /** Tokens that would not have been computed without it. */
  readonly tokensLost: number;
  /** Milliseconds for them at the report's `rate`; undefined: it is not known. */
  readonly msLost: number | undefined;
  readonly remedy: string;
  /** A cache mark that stands behind the fault, and so keeps nothing that is found again. */
  readonly markBehind: string | undefined;
  /** Only where texts were asked for. */
  readonly excerpt: Excerpt | undefined;
}

/** What one lint cost in all. */
export interface LintReport {
  readonly lint: LintName;
  readonly what: string;
  readonly remedy: string;
  /** Calls that it was found in. */
  readonly calls: number;
  readonly tokensLost: number;
  readonly msLost: number | undefined;
  /** The finding that cost most. */
  readonly worst: Finding;
}

/** What one conversation reused and lost. Times are undefined where no rate is known. */
export interface ConversationReport {
  readonly conversation: string;
  readonly agent: string;
  readonly calls: number;
  readonly promptTokens: number;
  readonly reusedTokens: number;
  readonly lostTokens: number;
  readonly lostMs: number | undefined;
}

/** How fast prompts are computed, and how that is known. */
export interface PrefillRate {
  readonly tokensPerSecond: number;
  readonly how: string;
}

/** What the doctor found. */
export interface DoctorReport {
  readonly calls: number;
  readonly promptTokens: number;
  /** Of the prompts: what had been computed before, and stood at their beginning. */
  readonly reusedTokens: number;
  /** What could have been reused too. */
  readonly lostTokens: number;
  readonly lostMs: number | undefined;
  /** Of what could have been reused: how much was, 0 to 100. */
  readonly reusedPercent: number;
  /** How tokens were counted. */
  readonly counted: string;
  readonly rate: PrefillRate | undefined;
  /** The costliest first. */
  readonly lints: readonly LintReport[];
  readonly conversations: readonly ConversationReport[];
  /** In the order of the calls; the costliest 1,000. */
  readonly findings: readonly Finding[];
  readonly findingsLeftOut: number;
}

const MOST_FINDINGS = 1_000;
/** Characters on both sides of a difference. */
const AROUND = 40;
const LONGEST_EXCERPT = 160;

type Tally = { -readonly [Key in keyof Omit<ConversationReport, 'lostMs'>]: ConversationReport[Key] };

/** Whose call it is. */
export type Place = Pick<Conversation, 'id' | 'agent'>;

/** Adds up what is found, call by call. */
export class Findings {
  readonly #texts: boolean;
  readonly #least: number;
  readonly #conversations = new Map<string, Tally>();
  readonly #lints = new Map<LintName, { calls: number; tokensLost: number; worst: Finding }>();
  #findings: Finding[] = [];
  #leftOut = 0;
  #calls = 0;
  #exact = 0;
  #rate: PrefillRate | undefined;

  /** `texts`: with excerpts. `leastTokens`: what costs less is no finding. */
  constructor({ texts, leastTokens }: { texts: boolean; leastTokens: number }) {
    this.#texts = texts;
    this.#least = leastTokens;
  }

  /** At what rate tokens become milliseconds from now on. */
  set rate(rate: PrefillRate | undefined) {
    this.#rate = rate;
  }

  /** A call and what it lost; what of it is a finding. */
  add(call: number, place: Place, losses: Losses): Finding[] {
    const tally = this.#count(place, losses);
    const found = losses.losses
      .filter(({ tokens, lint }) => tokens >= this.#least || lint === 'reordered-tools')
      .map((loss) => this.#finding(call, place.id, losses, loss));
    for (const finding of found) {
      tally.lostTokens += finding.tokensLost;
      this.#findings.push(finding);
      const known = this.#lints.get(finding.lint) ?? { calls: 0, tokensLost: 0, worst: finding };
      const worst = finding.tokensLost > known.worst.tokensLost ? finding : known.worst;
      this.#lints.set(finding.lint, {
        calls: known.calls + 1,
        tokensLost: known.tokensLost + finding.tokensLost,
        worst,
      });
    }
    if (this.#findings.length > 2 * MOST_FINDINGS) this.#forgetCheapest();
    return found;
  }

  report(): DoctorReport {
    this.#forgetCheapest();
    const tallies = [...this.#conversations.values()];
    const sum = (pick: (tally: Tally) => number) => tallies.reduce((all, tally) => all + pick(tally), 0);
    const lostTokens = sum((tally) => tally.lostTokens);
    const reusedTokens = sum((tally) => tally.reusedTokens);
    const reusable = reusedTokens + lostTokens;
    return {
      ...{ calls: this.#calls, promptTokens: sum((tally) => tally.promptTokens), reusedTokens, lostTokens },
      lostMs: this.#ms(lostTokens),
      reusedPercent: reusable === 0 ? 100 : (100 * reusedTokens) / reusable,
      counted: this.#counted(),
      rate: this.#rate,
      lints: [...this.#lints]
        .map(([lint, { calls, tokensLost, worst }]): LintReport => {
          return { lint, ...LINTS[lint], calls, tokensLost, msLost: this.#ms(tokensLost), worst: this.#timed(worst) };
        })
        .sort((a, b) => b.tokensLost - a.tokensLost),
      conversations: tallies.map((tally) => ({ ...tally, lostMs: this.#ms(tally.lostTokens) })),
      findings: this.#findings.map((finding) => this.#timed(finding)),
      findingsLeftOut: this.#leftOut,
    };
  }

  #counted(): string {
    if (this.#exact === this.#calls) return 'by the vocabulary and chat template of the model';
    const estimate = 'as four characters a token, by no model';
    return this.#exact === 0 ? estimate : `${this.#exact} calls by the model, the others as four characters a token`;
  }

  #count({ id, agent }: Place, { prompt, reused, exact }: Pick<Losses, 'prompt' | 'reused' | 'exact'>): Tally {
    const empty = { conversation: id, agent, calls: 0, promptTokens: 0, reusedTokens: 0, lostTokens: 0 };
    const tally: Tally = this.#conversations.get(id) ?? empty;
    this.#conversations.set(id, tally);
    tally.calls++;
    tally.promptTokens += prompt;
    tally.reusedTokens += reused;
    this.#calls++;
    if (exact) this.#exact++;
    return tally;
  }

  #finding(call: number, conversation: string, losses: Losses, { lint, field, times, tokens, edit }: Loss): Finding {
    const { remedy } = LINTS[lint];
    const excerpt = this.#texts && edit ? excerptOf(edit) : undefined;
    const { token, markBehind } = losses;
    const found = { lint, call, conversation, field, times, token, tokensLost: tokens, msLost: this.#ms(tokens) };
    return { ...found, remedy, markBehind: edit && markBehind, excerpt };
  }

  #timed(finding: Finding): Finding {
    return { ...finding, msLost: this.#ms(finding.tokensLost) };
  }

  #ms(tokens: number): number | undefined {
    return this.#rate && (tokens * 1000) / this.#rate.tokensPerSecond;
  }

  #forgetCheapest(): void {
    const over = this.#findings.length - MOST_FINDINGS;
    if (over <= 0) return;
    const dear = new Set([...this.#findings].sort((a, b) => b.tokensLost - a.tokensLost).slice(0, MOST_FINDINGS));
    this.#findings = this.#findings.filter((finding) => dear.has(finding));
    this.#leftOut += over;
  }
}

function excerptOf({ before = '', after = '', change }: NonNullable<Loss['edit']>): Excerpt {
  const cut = (text: string, from: number, end: number) => {
    const [first, last] = [Math.max(0, from - AROUND), Math.min(text.length, end + AROUND, from + LONGEST_EXCERPT)];
    return `${first > 0 ? '…' : ''}${text.slice(first, last)}${last < text.length ? '…' : ''}`.toWellFormed();
  };
  return {
    before: cut(before, change?.from ?? 0, change?.endBefore ?? 0),
    after: cut(after, change?.from ?? 0, change?.endAfter ?? 0),
  };
}
