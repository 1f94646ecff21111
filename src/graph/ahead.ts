import type { AskNode } from './node.js';
import type { Board } from './run-node.js';

/** Characters from which on it pays to compute a prompt's beginning before its turn. */
const WORTH = 200;

/**
 * Tells the scheduler how the prompt of a node that cannot start yet begins: its instructions and its text up to the first
 * place that is not known. Nothing is told of a short one, nor of one that is ready.
 */
export async function ahead(node: AskNode, board: Pick<Board, 'program' | 'setup' | 'valueFor'>): Promise<void> {
  const waits = node.prompt.places.some((one) => board.valueFor(one) === undefined);
  if (!waits || node.follows) return;
  const { system } = node;
  const known = node.prompt.known((one) => board.valueFor(one));
  if ((system?.length ?? 0) + known.length < WORTH) return;
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user' as const, content: known },
  ];
  await board.program.nextPrefix(messages, { ...(board.setup.tenant && { tenant: board.setup.tenant }) });
}
