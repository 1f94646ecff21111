import { createHash } from 'node:crypto';
import type { ChatMessage } from '../chat/chat-message.js';
import { callsOf } from '../chat/conversation.js';
import { isMessages, type Prompt } from '../chat/prompt.js';
import { readPrompt } from '../chat/read-prompt.js';
import type { EmbeddingOptions } from '../embedding/embedding-options.js';
import type { Engine } from '../engine/engine.js';
import type { GenerationResult } from '../engine/generation.js';
import { GENERATE, type GenerateOptions } from '../engine/request-options.js';
import { canonicalJson } from '../kit/canonical-json.js';
import { hasCode } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { reading } from '../kit/read-options.js';
import { callback, number, type OptionsOf, other, required } from '../native/option-kinds.js';
import { innerProduct, LikeQuestions, unit } from './like-questions.js';
import { turnKey } from './memo.js';

/** What makes vectors of questions: an engine of an embedding model. */
export interface Embedder {
  embed(texts: readonly string[], options: EmbeddingOptions): Promise<{ vectors: readonly Float32Array[] }>;
}

type Agrees = (known: GenerationResult, fresh: GenerationResult) => boolean | Promise<boolean>;

/** The table of SemanticMemoOptions. */
export const SEMANTIC_MEMO = {
  /** Engine of an embedding model, which makes the vectors of questions. */
  embedder: required(other<Embedder>('an engine of an embedding model', checkEmbedder)),
  /** Likeness from which on a known answer is given, 0 to 1: the cosine of two vectors. Default 0.95; what is right depends on the model. */
  threshold: number({ min: 0, max: 1, whole: false }, 0.95),
  /** Milliseconds that an answer is known, 1 to 31,536,000,000. Default 3,600,000: an hour. */
  ttlMs: number({ min: 1, max: 31_536_000_000, whole: false }, 3_600_000),
  /** Answers that are kept, 1 to 100,000; the one that was used least recently goes. Default 1,000. */
  entries: number({ min: 1, max: 100_000, whole: true }, 1_000),
  /** Share of hits that are asked all the same, to see whether the known answer was right, 0 to 1. Default 0.05. */
  verifyShare: number({ min: 0, max: 1, whole: false }, 0.05),
  /** Whether a known answer says what the fresh one says. Default: equal texts, or vectors of the two as alike as `threshold`. */
  agrees: callback<Agrees>(),
};

export interface SemanticMemoOptions extends OptionsOf<typeof SEMANTIC_MEMO> {
  embedder: Embedder;
}

interface Settings {
  embedder: Embedder;
  threshold: number;
  ttlMs: number;
  verifyShare: number;
  agrees: Agrees | undefined;
}

/** An answer, and where it is from. */
export interface SemanticAnswer<Output = unknown> {
  readonly result: GenerationResult<Output>;
  /** `known`: of a like question. `checked`: fresh, beside a known one. `asked`: none was like it. `bypassed`: not for a memo. */
  readonly source: 'known' | 'checked' | 'asked' | 'bypassed';
  /** Likeness of the question that was known. */
  readonly similarity: number | undefined;
}

/** What a memo did. */
export interface SemanticStats {
  /** Questions that a known one was like, checked ones among them. */
  hits: number;
  misses: number;
  /** Questions that are not for it: tools, bare texts, too long to embed. */
  bypassed: number;
  /** Hits that were asked all the same, and how many of them had a wrong answer. */
  verified: number;
  falseHits: number;
  /** falseHits of verified: the share of hits that are likely wrong. Undefined: none was verified. */
  falseHitRate: number | undefined;
  entries: number;
  expired: number;
  evicted: number;
}

/**
 * Answers to questions that were asked in other words. What a known question must be like is the last message of the user alone, by an
 * embedding; all else must be equal: weights, tenant, options, schema, everything that was said before. It can be wrong, so it is
 * opt-in: nothing uses one unless asked through it, each answer says where it is from, and a share of the hits is verified.
 */
export class SemanticMemo {
  readonly #options: Settings;
  readonly #questions: LikeQuestions;
  readonly #counts = { hits: 0, misses: 0, bypassed: 0, verified: 0, falseHits: 0 };
  /** Hits to verify, as a fraction that grows with each. */
  #owed = 0;

  /** Throws INVALID_OPTION. */
  constructor(given: SemanticMemoOptions) {
    const {
      embedder,
      threshold = 0.95,
      ttlMs = 3_600_000,
      entries = 1_000,
      verifyShare = 0.05,
      agrees,
    } = readTable('options', given, SEMANTIC_MEMO) as SemanticMemoOptions;
    this.#options = { embedder, threshold, ttlMs, verifyShare, agrees };
    this.#questions = new LikeQuestions(entries);
  }

  get stats(): SemanticStats {
    const { verified, falseHits } = this.#counts;
    const { size: entries, expired, evicted } = this.#questions;
    const falseHitRate = verified > 0 ? falseHits / verified : undefined;
    return { ...this.#counts, falseHitRate, entries, expired, evicted };
  }

  /** `engine.generate()`, awaited, or the answer to a like question. Rejects as it does, and as the embedder does. */
  async generate<Output = unknown>(
    engine: Engine,
    prompt: Prompt,
    given: GenerateOptions<Output> = {},
  ): Promise<SemanticAnswer<Output>> {
    const options = readTable('options', given, GENERATE) as GenerateOptions<Output>;
    const ask = async () => engine.generate<Output>(prompt, options).result;
    const question = toQuestion(readPrompt(prompt), options as GenerateOptions);
    const vector = question && (await this.#vectorOf(question.text, options as GenerateOptions));
    if (!question || !vector) {
      this.#counts.bypassed++;
      return { result: await ask(), source: 'bypassed', similarity: undefined };
    }
    const turn = turnKey(options as GenerateOptions);
    const scope = digest({ weights: engine.info.digest, turn, before: question.before });
    const found = this.#questions.find(scope, vector, this.#options.threshold, performance.now());
    if (!found) {
      this.#counts.misses++;
      const result = await ask();
      if (result.finishReason === 'stop') {
        this.#questions.add({ scope, vector, result, until: performance.now() + this.#options.ttlMs });
      }
      return { result, source: 'asked', similarity: undefined };
    }
    const { known, similarity } = found;
    this.#counts.hits++;
    if (!this.#isDue()) return { result: known.result as GenerationResult<Output>, source: 'known', similarity };
    const result = await ask();
    if (result.finishReason === 'stop') await this.#verify(known, result, options as GenerateOptions);
    return { result, source: 'checked', similarity };
  }

  /** Every so many-th hit, so that the share is exact whatever comes. */
  #isDue(): boolean {
    this.#owed += this.#options.verifyShare;
    if (this.#owed < 1 - 1e-9) return false;
    this.#owed -= 1;
    return true;
  }

  /** A known answer that was wrong is known no more. */
  async #verify(
    known: Parameters<LikeQuestions['add']>[0],
    fresh: GenerationResult,
    options: GenerateOptions,
  ): Promise<void> {
    const agrees = this.#options.agrees ?? ((a, b) => this.#sayTheSame(a.text, b.text, options));
    const right = await agrees(known.result, fresh);
    this.#counts.verified++;
    if (right) return;
    this.#counts.falseHits++;
    this.#questions.remove(known);
  }

  async #sayTheSame(a: string, b: string, options: GenerateOptions): Promise<boolean> {
    if (a.trim() === b.trim()) return true;
    const [one, other] = [await this.#vectorOf(a, options), await this.#vectorOf(b, options)];
    return one !== undefined && other !== undefined && innerProduct(one, other) >= this.#options.threshold;
  }

  /** Undefined: the embedding model cannot read so much. */
  async #vectorOf(text: string, { tenant, signal }: GenerateOptions): Promise<Float32Array | undefined> {
    try {
      const { vectors } = await this.#options.embedder.embed([text], { tenant, signal });
      return vectors[0] && unit(vectors[0]);
    } catch (reason) {
      if (hasCode(reason, 'PROMPT_TOO_LONG')) return undefined;
      throw reason;
    }
  }
}

/** The last message and all before it. Undefined: it is not for a memo; a tool's result is of its time, and a call has effects. */
function toQuestion(
  prompt: Prompt,
  { tools = [] }: GenerateOptions,
): { text: string; before: readonly ChatMessage[] } | undefined {
  if (tools.length > 0 || typeof prompt === 'string' || !Array.isArray(prompt) || !isMessages(prompt)) return undefined;
  const last = prompt.at(-1);
  if (last?.role !== 'user' || typeof last.content !== 'string' || last.content.trim() === '') return undefined;
  if (prompt.some((message) => message.role === 'tool' || callsOf(message).length > 0)) return undefined;
  return { text: last.content, before: prompt.slice(0, -1) };
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64');
}

function checkEmbedder(field: string, value: unknown): Embedder {
  const embedder = Object(value) as Partial<Embedder>;
  if (reading(field, () => typeof embedder.embed === 'function')) return value as Embedder;
  throw invalidOption(field, 'an engine of an embedding model', value);
}
