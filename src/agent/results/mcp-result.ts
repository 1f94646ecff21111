import { canonicalJson } from '../../kit/canonical-json.js';

/** What a server of the Model Context Protocol answers: `content` blocks, `structuredContent`, `isError`. */
export interface McpResult {
  isError: boolean;
  /** The blocks as the model reads them. */
  text: string;
}

type Block = { type: string; [field: string]: unknown };

const KNOWN = ['content', 'structuredContent', 'isError', '_meta'];
const BLOCKS = ['text', 'image', 'audio', 'resource', 'resource_link'];

/** Undefined: it is none, but an object that happens to have a field of that name. `write` shows any value as text. */
export function mcpResult(result: unknown, write: (value: unknown) => string): McpResult | undefined {
  try {
    if (typeof result !== 'object' || result === null) return undefined;
    const { content, structuredContent, isError } = result as Record<string, unknown>;
    if (!Array.isArray(content) || !content.every(isBlock)) return undefined;
    if (isError !== true && Object.keys(result).some((key) => !KNOWN.includes(key))) return undefined;
    if (content.length === 0 && isError === undefined && structuredContent === undefined) return undefined;
    const texts = content.map((block) => blockText(block, write));
    if (structuredContent === undefined) return { isError: isError === true, text: texts.join('\n') };
    // Servers repeat what is structured as a text, for clients that know only texts, each in its own order and spacing.
    const repeated = texts.findIndex((text) => isSame(text, structuredContent));
    texts.splice(repeated < 0 ? texts.length : repeated, repeated < 0 ? 0 : 1, write(structuredContent));
    return { isError: isError === true, text: texts.join('\n') };
  } catch {
    return undefined; // it cannot be read: it is shown like others that cannot
  }
}

function isBlock(block: unknown): block is Block {
  return typeof block === 'object' && block !== null && BLOCKS.includes((block as { type?: string }).type ?? '');
}

function blockText(block: Block, write: (value: unknown) => string): string {
  const { type, text, resource, uri, name, data, mimeType } = block;
  if (type === 'text' && typeof text === 'string') return text;
  if (type === 'resource_link') return `[${[name, uri].filter((part) => typeof part === 'string').join(': ')}]`;
  if (type === 'image' || type === 'audio') return `[${type}, ${mimeType ?? 'unknown type'}, ${byteCount(data)} bytes]`;
  const inner = Object(resource) as Record<string, unknown>;
  if (type === 'resource' && typeof inner.text === 'string') return inner.text;
  if (type === 'resource' && inner.blob !== undefined)
    return `[${inner.uri ?? 'resource'}, ${inner.mimeType ?? 'unknown type'}, ${byteCount(inner.blob)} bytes]`;
  return write(block);
}

function byteCount(base64: unknown): number {
  return typeof base64 === 'string' ? Buffer.byteLength(base64, 'base64') : 0;
}

function isSame(text: string, structured: unknown): boolean {
  try {
    return canonicalJson(JSON.parse(text)) === canonicalJson(structured);
  } catch {
    return false;
  }
}
