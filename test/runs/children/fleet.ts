import type { Agent } from '../../../src/agent/agent.js';
import type { Engine } from '../../../src/engine/engine.js';
import { journalledAgent } from '../../agent/children/journalled-agent.js';

/** Names of the runs of a fleet. */
export const FLEET = Array.from({ length: 8 }, (_, index) => `agent ${index}`);

/** What a run is asked. Agents share their instructions and tools (W2). */
export const inputOf = (id: string) => `Note what ${id} has to note.`;

/** Every other agent has a tool that may be called again: its runs are never in doubt about a call. */
export const isSure = (id: string): boolean => Number(id.at(-1)) % 2 === 1;

export const agentFor = (id: string, engine: Engine, effects: string): Agent =>
  journalledAgent(engine, effects, undefined, isSure(id));
