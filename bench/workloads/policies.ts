import type { NativePolicy } from '../../src/native/policy.js';

/** The baseline F: first come, first served, least recently used out first; nothing is limited by time. */
export const FCFS_LRU: NativePolicy = { order: 'fcfs', eviction: 'lru' };

/** The default time between tokens that a workflow request is promised while others' prompts are computed. */
export const ITL_TARGET_MS = 100;
