import { expect, test } from 'vitest';
import { LoadControl } from '../../src/model/load-control.js';

test('an abort reaches the loading thread and names the failure', () => {
  const stop = new AbortController();
  const control = new LoadControl(stop.signal, undefined);
  expect(control.abortFlag[0]).toBe(0);
  stop.abort();
  expect(control.abortFlag[0]).toBe(1);
  expect(control.signal.aborted).toBe(true);
  expect(control.failure(new Error('load failed'))).toMatchObject({ code: 'ABORTED' });
  expect(() => control.checkNotAborted()).toThrow(expect.objectContaining({ code: 'ABORTED' }));
});

test('a signal that has aborted already ends it before it begins', () => {
  const control = new LoadControl(AbortSignal.abort(), undefined);
  expect(control.abortFlag[0]).toBe(1);
  expect(() => control.checkNotAborted()).toThrow(expect.objectContaining({ code: 'ABORTED' }));
});

test('a progress callback that throws ends the load with what it threw', () => {
  const mine = new Error('mine');
  let calls = 0;
  const control = new LoadControl(undefined, () => {
    calls++;
    throw mine;
  });
  control.progress({ stage: 'download', fraction: 0.5 });
  control.progress({ stage: 'load', fraction: 0.6 });
  expect(calls).toBe(1);
  expect(control.abortFlag[0]).toBe(1);
  expect(control.signal.aborted).toBe(true);
  expect(control.failure(new Error('load aborted'))).toBe(mine);
  expect(() => control.checkNotAborted()).toThrow(mine);
});

test('any other failure keeps its code; after the end an abort changes nothing', () => {
  const stop = new AbortController();
  const control = new LoadControl(stop.signal, undefined);
  const reason = Object.assign(new Error('cut short'), { code: 'MODEL_INVALID' });
  expect(control.failure(reason)).toMatchObject({ name: 'BanyanError', code: 'MODEL_INVALID', message: 'cut short' });
  control.end();
  stop.abort();
  expect(control.abortFlag[0]).toBe(0);
});
