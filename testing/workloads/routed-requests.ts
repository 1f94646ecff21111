import { readFileSync } from 'node:fs';

/** A request, and the tier that it is for. */
export interface RoutedRequest {
  /** What a classifier is told, with the labels. */
  system: string;
  text: string;
  label: 'simple' | 'complex';
}

interface Line {
  suite: string;
  system: string;
  messages: { role: 'user' | 'assistant'; content: string }[];
}

/** Labelled requests that the embedded model was never trained on. */
export function routedRequests(): RoutedRequest[] {
  const lines = readFileSync(new URL('../../models/held-out.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ suite, system }) => suite === 'routing' && /simple/.test(system))
    .map(({ system, messages: [asked, label] }) => {
      return { system, text: asked?.content ?? '', label: label?.content === 'simple' ? 'simple' : 'complex' };
    });
}

/** Requests of which this share is simple, in an order in which the two kinds alternate as evenly as they can. */
export function mixOf(requests: readonly RoutedRequest[], simple: number, count: number): RoutedRequest[] {
  const of = (label: RoutedRequest['label']) => requests.filter((one) => one.label === label);
  const kinds = { simple: of('simple'), complex: of('complex') };
  return Array.from({ length: count }, (_, index) => {
    const before = Math.floor(index * simple);
    const isSimple = Math.floor((index + 1) * simple) > before;
    const list = kinds[isSimple ? 'simple' : 'complex'];
    return list[(isSimple ? before : index - before) % list.length] as RoutedRequest;
  });
}
