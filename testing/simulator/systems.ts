import type { NativePolicy } from '../../src/native/policy.js';
import type { NativeSimConfig, NativeSimDisk, NativeSimScheduler } from '../../src/native/simulation.js';
import type { Scale } from '../workloads/scale.js';
import type { Device } from './devices.js';

/** A system is a policy of the same scheduler, with the same memory, batch and machine. */
export interface System {
  name: string;
  policy: NativePolicy;
}

export const OURS: System = { name: 'ours', policy: {} };

/** The baseline: arrival order, least recently used, no program kept out. */
export const FCFS_LRU: System = { name: 'FCFS + LRU', policy: { order: 'fcfs', eviction: 'lru' } };

/** At most `programs` at work, whatever the pool says: what AIMD has to find by itself. */
export const fixedCap = (programs: number): System => ({
  name: `cap ${programs}`,
  policy: { windowStart: programs, useLow: 0, useHigh: 1000, tick: 3_600_000_000 },
});

export const PAGE_TOKENS = 32;

/**
 * Four NVMe drives that read 12 GB/s (an assumption), with room for everything, for the device H200_CI. One drive of 3 GB/s reads a
 * page no sooner than this device computes it.
 */
export const NVME_CI: NativeSimDisk = {
  pages: 1 << 20,
  latencyUs: 5,
  // A page of 32 tokens stands for 512 there, of 128 KiB each; times are / 50.
  pageUs: Math.round((512 * 131_072) / 12e9 / 50 / 1e-6),
  stallEveryUs: 0,
  stallUs: 0,
  statePages: 1,
};

export interface SimSetup {
  device: Device;
  scale: Scale;
  /** Tokens of KV; the device's pool without it. */
  poolTokens?: number;
  maxRunning?: number;
  /** Saved states of a model with recurrent layers; without it the model has none. */
  states?: number;
  maxBatchTokens?: number;
}

/** Everything about a run but the policy's own choices; times of the policy are brought to scale with the rest. */
export function simConfig(system: System, setup: SimSetup, more: Partial<NativeSimConfig> = {}): NativeSimConfig {
  const { device, scale, poolTokens = device.poolTokens, maxRunning = 128, maxBatchTokens = 4096, states = 0 } = setup;
  const { name: _, poolTokens: __, ...cost } = device;
  const scheduler: NativeSimScheduler = {
    pages: Math.max(1, Math.floor(poolTokens / PAGE_TOKENS)),
    pageTokens: PAGE_TOKENS,
    maxRunning,
    maxBatchTokens: Math.min(maxBatchTokens, scale.tokens(maxBatchTokens * 4)),
    maxContext: 0,
    reservePercent: 10,
    states,
    prefixCache: true,
    policy: { ...timesToScale(scale), cost: calibrated(device), refit: true, ...system.policy },
  };
  return {
    scheduler,
    device: cost,
    untilUs: 0,
    sampleEveryUs: 0,
    checkEvery: 0,
    checkCells: false,
    failEvery: 0,
    hints: true,
    log: 'none',
    ...more,
  };
}

/** What a calibration at load measures: steps of this machine, as a line. */
function calibrated(device: Device): NonNullable<NativePolicy['cost']> {
  return {
    step: (device.stepNs + device.weightsNs) * 1000,
    prefill: device.tokenNs * 1000,
    pair: device.pairPs,
    context: device.readPs,
    decode: device.rowNs * 1000,
    state: device.stateNs * 1000,
  };
}

function timesToScale(scale: Scale): NativePolicy {
  if (scale.name === 'gpu') return {};
  const us = (seconds: number) => scale.micros(seconds);
  return {
    coalesce: [us(0.01), us(0.05), us(0.5)],
    age: [0, us(10), us(60)],
    stepTarget: [us(0.05), us(0.1), Number.POSITIVE_INFINITY],
    tick: us(0.25),
    returnWithin: us(5),
    overdue: us(30),
    localitySpan: us(0.1),
    keepUnknown: us(10),
    alert: us(10),
    nextStep: us(60),
    maxWait: us(0.05),
    fixedWait: us(1),
    levelEdges: [250, 1000, 4000],
    quantum: 256,
  };
}
