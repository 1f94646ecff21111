import type { Moment } from '../told-types.js';
import type { Row } from './shown.js';

const number = (value: number) => value.toLocaleString('en');

/** What is kept beside the pool's pages, as pairs of where and how much: pages on disk, and states of recurrent layers. */
export function keptBeside(tiers: Moment['tiers']): [where: string, text: string][] {
  const { pagesDisk = 0, statesTotal = 0, statesUsed = 0, statesDisk = 0 } = tiers ?? {};
  const states = `${number(statesUsed)} of ${number(statesTotal)} saved in memory, ${number(statesDisk)} on disk`;
  return [
    ...(pagesDisk > 0 ? [['on disk', `${number(pagesDisk)} pages`] as [string, string]] : []),
    ...(statesTotal > 0 ? [['states', states] as [string, string]] : []),
  ];
}

/** Where the state after a node's last token is saved, from which a prompt can go on; '': nowhere. */
export function stateAt({ state, stateOnDisk }: Readonly<Row>): string {
  const places = [...(state ? ['in memory'] : []), ...(stateOnDisk ? ['on disk'] : [])];
  return places.length === 0 ? '' : `the state at its end is saved ${places.join(' and ')}`;
}
