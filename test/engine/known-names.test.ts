import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { Engine } from '../../src/engine/engine.js';
import { nearestName } from '../../src/kit/advice/known-names.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { errorOf } from '../support/expect-code.js';

const { engine } = scripted(() => 'x');
const tool = { name: 'add', description: '', input: z.object({}), execute: () => 0 };

/** Each call takes options with one name too many. */
const calls: Record<string, (more: object) => unknown> = {
  'Engine.load': (more) => Engine.load(more),
  'engine.generate': (more) => engine.generate('x', more),
  'engine.session': (more) => engine.session(more),
  'session.generate': (more) => engine.session().generate('x', more),
  Agent: (more) => new Agent({ engine, ...more }),
  defineTool: (more) => defineTool({ ...tool, ...more }),
};

describe('an option that does not exist', () => {
  test.each([
    ['Engine.load', 'contextSize', 'maxContext'],
    ['Engine.load', 'n_gpu_layers', 'gpuLayers'],
    ['Engine.load', 'modelPath', 'model'],
    ['Engine.load', 'tread', 'threads'],
    ['engine.generate', 'max_tokens', 'maxTokens'],
    ['engine.generate', 'maxOutputTokens', 'maxTokens'],
    ['engine.generate', 'num_predict', 'maxTokens'],
    ['engine.generate', 'temprature', 'temperature'],
    ['engine.generate', 'response_format', 'schema'],
    ['engine.generate', 'abortSignal', 'signal'],
    ['engine.generate', 'tolos', 'tools'],
    ['session.generate', 'stopSequences', 'stop'],
    ['engine.session', 'systemPrompt', 'system'],
    ['Agent', 'instructions', 'system'],
    ['Agent', 'tool', 'tools'],
    ['Agent', 'maxSteps', 'limits'],
    ['Agent', 'sytem', 'system'],
    ['defineTool', 'parameters', 'input'],
    ['defineTool', 'inputSchema', 'input'],
    ['defineTool', 'handler', 'execute'],
    ['defineTool', 'desciption', 'description'],
  ])('%s names what was meant by %s', async (call, name, meant) => {
    const error = await errorOf(() => calls[call]?.({ [name]: 1 }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: name });
    expect(error.message).toMatch(new RegExp(`"${name}": did you mean "${meant}"\\? \\(known: .*\\b${meant}\\b`));
  });

  test.each(Object.keys(calls))('%s says what there is where nothing is near', async (call) => {
    const error = await errorOf(() => calls[call]?.({ zzzzzzzzzzzz: 1 }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: 'zzzzzzzzzzzz' });
    expect(error.message).toMatch(/has no option "zzzzzzzzzzzz" \(known: \w+(, \w+){3,}\)$/);
  });

  test('the list of an agent is that of its options', async () => {
    const { message } = await errorOf(() => calls.Agent?.({ zzzzzzzzzzzz: 1 }));
    for (const name of ['engine', 'system', 'tools', 'limits', 'forceTools', 'tenant', 'temperature', 'class']) {
      expect(message).toContain(` ${name}`);
    }
    for (const name of ['grammar', 'signal', 'schema', 'program']) expect(message).not.toContain(` ${name},`);
  });
});

const KNOWN = ['maxTokens', 'temperature', 'tools', 'tenant', 'system', 'signal', 'seed', 'stop'];

test('one slip of the fingers finds the name again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...KNOWN.filter(({ length }) => length > 4)),
      fc.nat(3),
      fc.constantFrom('drop', 'double', 'swap'),
      (name, at, slip) => {
        const [before, after] = [name.slice(0, at), name.slice(at)];
        const typed = {
          drop: before + after.slice(1),
          double: before + (after[0] ?? '') + after,
          swap: before + (after[1] ?? '') + (after[0] ?? '') + after.slice(2),
        }[slip];
        expect(nearestName(typed, KNOWN)).toBe(name);
      },
    ),
  );
});

test('any name, also a long one, gets an answer', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (name) => [undefined, ...KNOWN].includes(nearestName(name, KNOWN))),
  );
  expect(nearestName('x'.repeat(10_000_000), KNOWN)).toBeUndefined();
});
