import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { converse } from '../../src/cli/chat/chat.js';
import { Engine } from '../../src/engine/engine.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';

// A conversation through the keys of a terminal: what is typed, and what is shown.

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await Engine.load();
  folder = mkdtempSync(join(tmpdir(), 'banyan-chat-'));
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});
beforeEach((context) => {
  process.env.XDG_STATE_HOME = join(folder, context.task.id);
});

const UP = '\x1b[A';
const CTRL_C = '\x03';
const CTRL_D = '\x04';

/** A stream whose text can be waited for. */
class Shown extends PassThrough {
  isTTY = false;
  text = '';
  #from = 0;

  constructor() {
    super({ encoding: 'utf8' });
    this.on('data', (text: string) => {
      this.text += text;
    });
  }

  /** Resolves when this comes, behind what was waited for before. */
  async until(text: string): Promise<void> {
    for (let at = -1; at < 0; ) {
      at = this.text.indexOf(text, this.#from);
      if (at >= 0) this.#from = at + text.length;
      else await new Promise((resolve) => this.once('data', resolve));
    }
  }
}

interface Typing {
  model?: Engine;
  system?: string;
  json?: boolean;
  typed?: boolean;
  history?: boolean;
}

function typing({ model = engine, system, json = false, typed = true, history = true }: Typing = {}) {
  const [input, output, notes] = [new PassThrough(), new Shown(), new Shown()];
  const stop = new AbortController();
  const answer = { temperature: 0 };
  const ended = converse(model, { input, output, notes, typed }, stop, { answer, system, json, history });
  return { input, output, notes, ended, keys: (text: string) => input.write(text) };
}

function script(answers: Script) {
  const { engine: model, native } = scripted(answers);
  Object.assign(native.info, { hasChatTemplate: true });
  return { model, native };
}

test('turns of one conversation; Ctrl-D ends', async () => {
  const { keys, output, notes, ended } = typing();
  await output.until('> ');
  keys('Hello\r');
  await output.until('Hello! How can I help?\n');
  keys('Thanks\r');
  await output.until('You are welcome.\n');
  keys('/stats\r');
  await notes.until('4 messages, ');
  await notes.until('cached) + ');
  keys(CTRL_D);
  await ended;
});

describe('Ctrl-C', () => {
  test('stops an answer, not the conversation', async () => {
    const { model, native } = script((prompt) => (prompt.includes('again') ? 'Here I am.' : 'too late'));
    native.paused = true;
    const { keys, output, ended } = typing({ model });
    keys('Tell a long story\r');
    while (native.requests.length === 0) await new Promise(setImmediate);
    keys(CTRL_C);
    await output.until('\n');
    native.resume();
    keys('again\r');
    await output.until('Here I am.');
    keys('/bye\r');
    await ended;
    expect(output.text).not.toContain('too late');
  });

  test('between answers it throws away what was typed, a text of several lines too', async () => {
    const prompts: string[] = [];
    const { model } = script((prompt) => {
      prompts.push(prompt);
      return 'ok';
    });
    const { keys, notes, output, ended } = typing({ model });
    keys('"""not this\rnor th');
    await output.until('nor th');
    keys(CTRL_C);
    await notes.until('Ctrl-D ends');
    keys('this\r');
    await output.until('ok');
    keys('/bye\r');
    await ended;
    expect(prompts).toEqual(['<s><|user|>this<|end|>\n<|assistant|>']);
  });
});

describe('what was typed', () => {
  test('comes back by the arrow, in another process too; its owner alone reads it', async () => {
    const first = typing();
    first.keys('Hello\r');
    await first.output.until('help?');
    first.keys('/bye\r');
    await first.ended;
    const path = join(process.env.XDG_STATE_HOME ?? '', 'banyan/chat-history');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['Hello\n/bye\n', 0o600]);
    const second = typing();
    second.keys(`${UP}${UP}\r`);
    await second.output.until('help?');
    second.keys('/bye\r');
    await second.ended;
  });

  test('is not kept when that is not wanted; a file that fails is told once', async () => {
    const quiet = typing({ history: false });
    quiet.keys('/bye\r');
    await quiet.ended;
    expect(() => statSync(process.env.XDG_STATE_HOME ?? '')).toThrow('ENOENT');
    writeFileSync(process.env.XDG_STATE_HOME ?? '', 'no folder');
    const { keys, notes, ended } = typing();
    keys('/help\r/bye\r');
    await ended;
    expect(notes.text.match(/What you type is not kept/g)).toHaveLength(1);
  });
});

describe('commands', () => {
  test('/system, /clear, /save and /load make the conversation that the model reads', async () => {
    const prompts: string[] = [];
    const { model } = script((prompt) => {
      prompts.push(prompt);
      return 'ok';
    });
    const path = join(folder, 'kept.json');
    const { input, notes, ended } = typing({ model, system: 'Be brief.', typed: false });
    const lines = ['one', '/system Be kind.', 'two', `/save ${path}`, '/clear', 'three', `/load ${path}`, 'four'];
    input.end([...lines, '/system ""', 'five', '/system'].join('\n'));
    await ended;
    const said = prompts.map((prompt) => prompt.replaceAll('<|end|>\n', ' ').replaceAll(/<\|?|\|?>/g, ' '));
    expect(said.map((text) => text.replace(/\s+/g, ' ').trim())).toEqual([
      's system Be brief. user one assistant',
      's system Be kind. user one assistant ok user two assistant',
      's system Be kind. user three assistant',
      's system Be kind. user one assistant ok user two assistant ok user four assistant',
      's user one assistant ok user two assistant ok user four assistant ok user five assistant',
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(notes.text).toContain('The model is told nothing first.');
  });

  test('/set changes how answers are made, and shows it', async () => {
    const { model, native } = script(() => 'ok');
    const { input, notes, ended } = typing({ model, typed: false });
    input.end('/set top_p 0.5\n/set max-tokens 7\n/set thinking off\none\n/set topP default\ntwo\n/set\n');
    await ended;
    expect(native.requests.map(({ sampling, maxTokens }) => [sampling.topP, maxTokens])).toEqual([
      [0.5, 7],
      [0.95, 7],
    ]);
    expect(native.renders.map(({ enableThinking }) => enableThinking)).toEqual([false, false]);
    for (const line of ['temperature 0', 'topP 0.95 (default)', 'maxTokens 7', 'thinking false']) {
      expect(notes.text.split('\n')).toContain(line);
    }
  });

  test.each([
    ['/frobnicate', 'There is no /frobnicate'],
    ['/save', '/save needs the path of a file'],
    ['/load /nowhere.json', 'ENOENT'],
    ['/load package.json', 'it has no list "messages"'],
    ['/set temperature', '/set temperature what?'],
    ['/set temperature warm', 'temperature'],
    ['/set temprature 1', 'temperature'],
    ['/set thinking maybe', 'thinking'],
  ])('%s: one line that says what is wrong, and the conversation goes on', async (line, message) => {
    const { input, output, notes, ended } = typing({ typed: false });
    input.end(`${line}\nHello\n`);
    await ended;
    expect(notes.text.split('\n').filter((said) => said.startsWith('INVALID_OPTION: '))).toEqual([
      expect.stringContaining(message),
    ]);
    expect(output.text).toBe('Hello! How can I help?\n');
  });

  test('a path is said, not commanded', async () => {
    const { model, native } = script(() => 'ok');
    const { input, ended } = typing({ model, typed: false });
    input.end('/etc/hosts has which lines?\n');
    await ended;
    expect(native.requests).toHaveLength(1);
  });
});

test('several lines between """ are one text, also when the input ends in them', async () => {
  const prompts: string[] = [];
  const { model } = script((prompt) => {
    prompts.push(prompt.slice(prompt.lastIndexOf('<|user|>')));
    return 'ok';
  });
  const { input, ended } = typing({ model, typed: false });
  input.end('"""one\n  two"""\n"""three"""\n"""\nfour\n\nfive\n');
  await ended;
  expect(prompts.map((prompt) => prompt.slice(8, prompt.indexOf('<|end|>')))).toEqual([
    'one\n  two',
    'three',
    'four\n\nfive',
  ]);
});

test('--json: a line an answer, with usage, or with what failed', async () => {
  const { model } = script((prompt) =>
    prompt.includes('fail')
      ? { steps: [], error: { code: 'STEP_FAILED', message: 'no' } }
      : { steps: ['(hm)', 'a\n', 'b'] },
  );
  const { input, output, ended } = typing({ model, json: true });
  input.end('Hello\nfail\n');
  await ended;
  const [answer, failure, ...more] = output.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answer).toMatchObject({ text: 'a\nb', reasoning: 'hm', finishReason: 'stop', usage: { outputTokens: 7 } });
  expect([failure, more]).toEqual([{ error: { code: 'STEP_FAILED', message: 'no' } }, []]);
});
