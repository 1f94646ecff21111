import { omitted } from '../../stateless/omitted.js';
import { HttpError } from '../http/http-error.js';

/** Content of a message on the wire: a text, a list of parts, or nothing. */
export type WireContent = string | readonly WirePart[] | null | undefined;

/** One part. Faces name their text parts differently; what else there may be is told by `type`. */
export interface WirePart {
  type: string;
  text?: string | null | undefined;
  refusal?: string | null | undefined;
}

const TEXT_PARTS = ['text', 'input_text', 'output_text'];

/** The text of a message; parts follow each other without anything between them. Throws HttpError 400 for what is no text. */
export function textOf(field: string, content: WireContent): string {
  return joined(content, (part, index) => {
    const kind = `${part.type} parts`;
    throw new HttpError(
      400,
      'unsupported_content',
      `This model reads text only, no ${kind}`,
      `${field}.content[${index}]`,
    );
  });
}

/** The text of a tool's result, whatever the client sent. What is no text is named in its place, so that an agent's loop goes on. */
export function resultOf(content: unknown): string {
  if (content === null || content === undefined || typeof content === 'string') return content ?? '';
  if (!Array.isArray(content)) return JSON.stringify(content);
  const parts = content.map((part: unknown) => (isPart(part) ? part : { type: 'text', text: JSON.stringify(part) }));
  return joined(parts, ({ type }) => omitted(type));
}

function isPart(part: unknown): part is WirePart {
  const { type, text } = Object(part) as { type?: unknown; text?: unknown };
  return typeof type === 'string' && (text === undefined || typeof text === 'string');
}

function joined(content: WireContent, other: (part: WirePart, index: number) => string): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  return content
    .map((part, index) => {
      if (TEXT_PARTS.includes(part.type)) return part.text ?? '';
      return part.type === 'refusal' ? (part.refusal ?? '') : other(part, index);
    })
    .join('');
}
