import { createInterface } from 'node:readline';
import type { Engine } from '../../engine/engine.js';
import type { EngineOptions } from '../../engine/engine-options.js';
import { BanyanError } from '../../kit/errors.js';
import { loadWithProgress } from '../load-model.js';
import type { Stop } from '../stop.js';
import { Block } from './block.js';
import { SHORT_HELP } from './commands.js';
import { processScreen, type Screen } from './screen.js';
import { Talk, type TalkOptions } from './talk.js';
import { historyPath, TypedHistory } from './typed-history.js';

export interface ChatOptions extends TalkOptions {
  /** Typed lines are kept for the next time. */
  history: boolean;
}

/** A conversation on the terminal, or of the lines of a piped input. */
export async function chat(options: ChatOptions & { engine: EngineOptions; stop: Stop }): Promise<void> {
  const engine = await loadWithProgress(options.engine);
  try {
    await converse(engine, processScreen(), options.stop, options);
  } finally {
    await engine.close();
  }
}

/** Resolves when the input has ended, when it is told to end, or when `stop` is. Rejects with MODEL_UNSUPPORTED, INVALID_OPTION. */
export async function converse(
  engine: Engine,
  screen: Screen,
  stop: Pick<Stop, 'signal'>,
  options: ChatOptions,
): Promise<void> {
  const { name, architecture, hasChatTemplate } = engine.info;
  if (!hasChatTemplate) {
    const message =
      'This model has no chat template, it only goes on with texts: banyan run --model ... "Once upon a time"';
    throw new BanyanError('MODEL_UNSUPPORTED', message, { field: 'model' });
  }
  const talk = new Talk(engine, screen, options);
  talk.note(`${name || architecture}. ${SHORT_HELP}`);
  const { input, output, typed: isTyped } = screen;
  const typed = isTyped && !options.json;
  const history =
    typed && options.history ? new TypedHistory(historyPath(), (problem) => talk.note(problem)) : undefined;
  const lines = { history: history?.lines ?? [], historySize: 1_000, removeHistoryDuplicates: true };
  const terminal = createInterface({ input, terminal: typed, ...(typed && { output, ...lines }) });
  const block = new Block();
  const ask = () => {
    terminal.setPrompt(block.open ? '... ' : '> ');
    if (typed && !stop.signal.aborted) terminal.prompt();
  };
  // On a terminal readline gets the key, not the process the signal.
  terminal.on('SIGINT', () => {
    if (talk.stop()) return;
    block.end();
    terminal.write(null, { ctrl: true, name: 'e' });
    terminal.write(null, { ctrl: true, name: 'u' });
    talk.note('\n/bye or Ctrl-D ends.');
    ask();
  });
  const stopped = () => {
    talk.stop();
    terminal.close();
  };
  stop.signal.addEventListener('abort', stopped);
  try {
    ask();
    for await (const line of terminal) {
      if (stop.signal.aborted) return;
      history?.add(line);
      const said = block.add(line);
      if (said && !(await talk.take(said))) return;
      ask();
    }
    const rest = block.end()?.trim();
    if (rest && !stop.signal.aborted) await talk.take(rest);
  } finally {
    stop.signal.removeEventListener('abort', stopped);
    terminal.close();
  }
}
