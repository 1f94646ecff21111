import { z } from 'zod';

const text = z.string().max(512);
const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31;
/** A list of token ids, of which prompts have thousands: one check of all costs a tenth of one each. */
const ids = (least: number) =>
  z.custom<number[]>(
    (value) => Array.isArray(value) && value.length >= least && value.every(isId),
    `must be a list of ${least > 0 ? `${least} token id or more` : 'token ids'}`,
  );
const number = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
/** Tables of options have checks of their own, which name the option. */
const options = z.record(z.string(), z.unknown());

/** What makes the format of a chat's answer: see `ChatInput`. */
const format = z.object({
  messages: z.array(z.record(z.string(), z.unknown())).min(1).max(2),
  tools: z.array(z.unknown()),
  toolChoice: z.enum(['auto', 'none', 'required']),
  parallelToolCalls: z.boolean(),
  addGenerationPrompt: z.boolean(),
  jsonSchema: z.string(),
  grammar: z.string(),
  enableThinking: z.boolean(),
  continueAnswer: z.boolean(),
  templateArgs: z.record(z.string(), z.string()),
});

export type TokenFormat = z.infer<typeof format>;

/** Advice about a program of a client. */
const hint = z.strictObject({
  program: number.min(1),
  kind: z.enum(['tool-started', 'tool-ended', 'waiting-for-human', 'next-prefix', 'branch-abandoned', 'finished']),
  tool: text.default(''),
  expectedMs: z.number().default(0),
  tenant: text.default(''),
  tokens: ids(0).default([]),
  steps: number.default(1),
  from: number.default(0),
});

export type WireHints = { client: string; hints: z.infer<typeof hint>[] };

/** POST /v1/hints: advice about programs, in the order in which it was given. */
export const hintsRequest = z.strictObject({ client: text, hints: z.array(hint).min(1).max(1_024) });

/** POST /v1/tokens: a request of an engine, in token ids. `client`: whose programs and groups are numbered; `hints`: advice that comes before it. */
export const tokenRequest = z.strictObject({
  prompt: ids(1),
  options,
  sampling: options,
  client: text.default(''),
  program: number.default(0),
  group: z.strictObject({ id: number, size: number }).optional(),
  tenant: text.default(''),
  staticTokens: number.default(0),
  boundary: number.default(0),
  begun: number.default(0),
  stop: z.array(z.string()).default([]),
  logitBias: z
    .array(z.tuple([z.int(), z.number()]))
    .max(1_024)
    .default([]),
  format: format.optional(),
  grammar: z.string().default(''),
  jsonSchema: z.string().default(''),
  hints: z.array(hint).max(1_024).default([]),
});

export type TokenRequest = z.infer<typeof tokenRequest>;
