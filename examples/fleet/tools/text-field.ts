import type { JsonSchema } from 'banyan';

/** Bounds what a model without skills may write into a text; no bound keeps the schema as trained models know it. */
export interface TextLimits {
  maxLength: number | undefined;
}

export function textField({ maxLength }: TextLimits): JsonSchema {
  return maxLength === undefined ? { type: 'string' } : { type: 'string', maxLength };
}
