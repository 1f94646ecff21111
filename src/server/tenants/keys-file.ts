import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { BanyanError } from '../../kit/errors.js';
import { CLASSES } from '../../native/vocabulary.js';

/** Bytes of the largest file that is read. */
const MOST_BYTES = 16 * 2 ** 20;
const LONGEST_NAME = 256;
/** As the engine has it. */
const MOST_WEIGHT = 1_000;

const share = z.number().min(0).max(1);
const limit = z.int().min(1).max(1_000_000_000);
const label = z
  .string()
  .min(1)
  .max(LONGEST_NAME)
  .refine((text) => text.isWellFormed(), 'whole characters');

const tenant = z.strictObject({
  name: label,
  /** SHA-256 of each of its keys, in hex: the file holds no key. Several, so that one can be replaced. */
  keys: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'the SHA-256 of a key, 64 digits of lower-case hex'))
    .min(1)
    .max(1_000),
  /** Classes that it may ask for. Default: all. */
  classes: z.array(z.enum(CLASSES)).min(1).optional(),
  /** Class of a request that names none. Default: the engine's, or the first of `classes` if that is not among them. */
  defaultClass: z.enum(CLASSES).optional(),
  /** Names of models that it may ask for. Default: all. */
  models: z.array(label).min(1).optional(),
  /** Answers at a time. Default: no limit but `queueShare`. */
  maxConcurrent: limit.optional(),
  requestsPerMinute: limit.optional(),
  /** Of prompts and answers together. */
  tokensPerMinute: limit.optional(),
  /** Part of the server's places for answers under way and waiting. Default: as many as are free where there are other tenants, else all. */
  queueShare: share.optional(),
  /** Share of the engine that it gets while several tenants wait, beside theirs. Default 1. */
  weight: z.int().min(1).max(MOST_WEIGHT).optional(),
  /** Part of all pages that its cache marks may pin. Default: the server's `pinShare`. */
  pinShare: share.optional(),
  /** May read what is of all tenants: /metrics, the inspector. Default false. */
  admin: z.boolean().optional(),
});

/** A tenant, as the file says it. */
export type TenantEntry = z.infer<typeof tenant>;

const file = z.strictObject({ tenants: z.array(tenant).min(1).max(100_000) });

/** The tenants of a keys file. Throws INVALID_OPTION, with the place in the file that is wrong and no word of what stands there. */
export function readKeysFile(path: string): readonly TenantEntry[] {
  let value: unknown;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error('it is no file');
    if (stat.size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
    value = parsed(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong(path, (cause as Error).message);
  }
  const { success, data, error } = file.safeParse(value);
  if (!success) {
    const [first] = error.issues;
    throw wrong(path, `${placeOf(first?.path ?? [])}: ${first?.message}`);
  }
  const owners = new Map<string, string>();
  const names = new Set<string>();
  for (const [index, { name, keys, classes, defaultClass }] of data.tenants.entries()) {
    const at = `tenants[${index}]`;
    if (names.has(name)) throw wrong(path, `${at}.name: another tenant has that name`);
    names.add(name);
    if (defaultClass && classes && !classes.includes(defaultClass)) {
      throw wrong(path, `${at}.defaultClass: it is none of the tenant's classes`);
    }
    for (const [number, key] of keys.entries()) {
      if (owners.has(key)) throw wrong(path, `${at}.keys[${number}]: that key is there already`);
      owners.set(key, name);
    }
  }
  return data.tenants;
}

/** A message of JSON.parse may quote the file. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it is no JSON');
  }
}

const placeOf = (path: readonly PropertyKey[]) =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '') || 'the file';

const wrong = (path: string, why: string) =>
  new BanyanError('INVALID_OPTION', `${path}: ${why}`, { field: 'keysFile' });
