import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readOptions } from '../kit/read-options.js';
import { Memo } from '../memo/memo.js';
import { name, number, type OptionsOf, other, signal, word } from '../native/option-kinds.js';
import { CLASSES } from '../native/vocabulary.js';

/** Options of a run of a plan. */
export const GRAPH_RUN = {
  /** Nodes that run at a time, 1 to 65,536. Default 65,536: the engine's own queue is the limit. */
  atOnce: number({ min: 1, max: 65_536, whole: true }, 65_536),
  /** Answers that are known: a node whose question is among them is not asked again. Default: none. */
  memo: other<Memo>('a Memo', (field, value) => {
    if (value instanceof Memo) return value;
    throw invalidOption(field, 'a Memo', value);
  }),
  /** Class of the requests, where a node names none. Default `workflow`. */
  class: word(CLASSES, 'workflow'),
  /** Tenant that asks: tenants share no pages. Default: everything is shared. */
  tenant: name(''),
  /** Signal that ends the run: it rejects with ABORTED when all of its nodes have ended. */
  signal: signal(),
};

export interface GraphRunOptions extends OptionsOf<typeof GRAPH_RUN> {}

export interface GraphRunSetup extends GraphRunOptions {
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Throws INVALID_OPTION. */
export function readRunOptions(
  names: readonly string[],
  inputs: Readonly<Record<string, unknown>>,
  options: GraphRunOptions,
): GraphRunSetup {
  const given = readOptions('inputs', inputs, Object.keys(Object(inputs)));
  for (const missing of names.filter((one) => given[one] === undefined)) {
    throw invalidOption(`inputs.${missing}`, 'given: nodes of this plan read it', undefined);
  }
  return { ...readTable('options', options, GRAPH_RUN), inputs: given };
}
