import { expect, test } from 'vitest';
import { scripted } from '../../testing/engine/scripted-engine.js';

test('turns of a session are one program, unless they name another', async () => {
  const { engine, native } = scripted(() => 'ok');
  const session = engine.session();
  await session.generate('one');
  await session.generate('two');
  const other = engine.program();
  await session.generate('three', { program: other });
  const programs = native.requests.map(({ program }) => program);
  expect(programs[0]).toBeGreaterThan(0);
  expect(programs).toEqual([session.program.id, session.program.id, other.id]);
  const fork = session.fork();
  await fork.generate('four');
  expect(fork.program.id).not.toBe(session.program.id);
});

test('a session that is closed has finished; one without a turn is no program', async () => {
  const { engine, native } = scripted(() => 'ok');
  const session = engine.session();
  await session.generate('one');
  await Promise.all([session.close(), session.close()]);
  await engine.session().close();
  expect(native.hints).toMatchObject([{ kind: 'finished', program: session.program.id }]);
});

test('a fork that is closed in the middle of a turn is an abandoned branch', async () => {
  const { engine, native } = scripted(() => ({ steps: Array.from({ length: 50 }, () => 'x') }));
  const trunk = engine.session({ tenant: 't' });
  await trunk.generate('one');
  const fork = trunk.fork();
  const turn = fork.generate('two');
  await turn[Symbol.asyncIterator]().next();
  await fork.close();
  expect(native.hints).toMatchObject([
    { kind: 'branch-abandoned', program: fork.program.id, salt: 't', from: trunk.tokens.length },
    { kind: 'finished', program: fork.program.id },
  ]);
  expect(native.hints[0]?.tokens).toEqual(fork.tokens);
});

test('a fork that is closed after its turn is a branch that others may go on from', async () => {
  const { engine, native } = scripted(() => 'ok');
  const trunk = engine.session();
  await trunk.generate('one');
  const fork = trunk.fork();
  await fork.generate('two');
  await fork.close();
  expect(native.hints).toMatchObject([{ kind: 'finished', program: fork.program.id }]);
});
