import type { z } from 'zod';
import { HttpError } from '../http/http-error.js';

/** A field that may be absent; `null` is as good. */
export const maybe = <T extends z.ZodType>(type: T) => type.nullish();

/** The body as `type` has it. Throws HttpError 400 with the field at fault, such as `messages[2].role`. */
export function parsedBody<T extends z.ZodType>(type: T, body: unknown): z.infer<T> {
  const { success, data, error } = type.safeParse(body);
  if (success) return data;
  const [issue] = error.issues;
  const param = (issue?.path ?? []).reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`),
    '',
  );
  const why = issue && isMissing(issue, body) ? 'is missing' : issue?.message;
  throw new HttpError(400, 'invalid_request', `${param || 'body'}: ${why}`, param || undefined);
}

/** What it names is not there, or undefined. */
function isMissing({ code, path }: z.core.$ZodIssue, body: unknown): boolean {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], body);
  return code === 'invalid_type' && path.length > 0 && value === undefined;
}

/** Fields of a body that its type does not know. */
export function unknownFields(type: z.ZodObject, body: unknown): string[] {
  return Object.keys(body as object).filter((key) => !Object.hasOwn(type.shape, key));
}

/** Only the fields that were given: `null` on the wire is as good as absent. */
export function given<Options extends object>(
  options: {
    [Key in keyof Options]: Options[Key] | null | undefined;
  },
): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value != null)) as Options;
}
