import { Agent, type AgentOptions, type AuditLog, defineTool, type Journal } from '../../src/index.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

const RESULT = 'light rain over the fjord, seven degrees; '.repeat(5);

/** Microseconds a step of a run, in CPU time of all threads, and with what it waited for. */
export interface StepCost {
  cpu: number;
  wall: number;
}

export interface ScriptedRun {
  steps: number;
  /** Calls of a tool in each step but the last. */
  calls: number;
  journal?: string | Journal | undefined;
  audit?: AuditLog | undefined;
}

/** What a run costs whose model takes no time: all of it is what lies around a model. */
export async function costOfStep({ steps, calls, journal, audit }: ScriptedRun): Promise<StepCost> {
  let asked = 0;
  const said = Array.from({ length: calls }, (_, n) => callText(`c${n}`, 'look', `{"at":${n}}`)).join('');
  const { engine } = scripted(() => (++asked < steps ? said : 'The end.'));
  const look = defineTool({ name: 'look', description: 'Looks', input: { type: 'object' }, execute: () => RESULT });
  const options: AgentOptions = { engine, tools: [look], limits: { maxSteps: steps, maxToolCalls: steps * calls } };
  const agent = new Agent({ ...options, ...(audit && { audit }) });
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const { steps: done } = await agent.run('Look around', journal === undefined ? {} : { journal });
  await audit?.flush();
  const [{ user, system }, wallMs] = [process.cpuUsage(cpu), performance.now() - started];
  if (done.length !== steps) throw new Error(`${done.length} steps of ${steps}`);
  return { cpu: (user + system) / steps, wall: (wallMs * 1_000) / steps };
}
