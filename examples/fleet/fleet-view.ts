import type { AgentEvent } from 'banyan';
import logUpdate from 'log-update';
import { question } from './assistant.js';

/** Shows what each agent does while it does it. */
export interface FleetView {
  onEvent(agent: number, event: AgentEvent): void;
  end(): void;
}

const FRAME_MS = 100;

/** One line an agent that rewrites itself on a terminal; a line an event elsewhere. */
export function fleetView(agents: number, output: NodeJS.WriteStream): FleetView {
  return output.isTTY ? liveView(agents) : lineView(output);
}

function liveView(agents: number): FleetView {
  const states = Array.from({ length: agents }, () => 'waiting');
  const texts = Array.from({ length: agents }, () => '');
  const draw = () => logUpdate(states.map((state, agent) => `${label(agent)} ${state}`).join('\n'));
  const timer = setInterval(draw, FRAME_MS);
  return {
    onEvent(agent, event) {
      if (event.type === 'text') {
        texts[agent] += event.text;
        states[agent] = oneLine(texts[agent] ?? '');
      } else {
        if (event.type === 'step') texts[agent] = '';
        states[agent] = described(event) ?? states[agent] ?? '';
      }
    },
    end() {
      clearInterval(timer);
      draw();
      logUpdate.done();
    },
  };
}

function lineView(output: NodeJS.WriteStream): FleetView {
  return {
    onEvent(agent, event) {
      const line = described(event);
      if (line !== undefined) output.write(`${label(agent)} ${line}\n`);
    },
    end() {},
  };
}

function label(agent: number): string {
  return `[${agent + 1}] ${question(agent).padEnd(56)}`;
}

function described(event: AgentEvent): string | undefined {
  switch (event.type) {
    case 'tool-call':
      return `calls ${event.call.name} ${oneLine(event.call.arguments)}`;
    case 'tool-result':
      return `${event.outcome.call.name} ${event.outcome.ok ? 'gave' : 'failed with'} ${oneLine(event.outcome.content)}`;
    case 'finish':
      return `answers ${oneLine(event.result.text)}`;
    default:
      return undefined;
  }
}

/** Control characters would move the cursor; a model may write any. */
export function oneLine(text: string, longest = 80): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return flat.length > longest ? `${flat.slice(0, longest - 1)}…` : flat;
}
