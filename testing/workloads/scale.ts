/**
 * GPU scale is the published lengths and times; CI scale has tokens over 16 and times over 50, the same shape; for models that
 * take ten times as long a token, tokens over 24.
 */
export interface Scale {
  name: 'gpu' | 'ci';
  /** At least 1 for a positive length. */
  tokens(atGpuScale: number): number;
  micros(seconds: number): number;
}

const scale = (name: 'gpu' | 'ci', tokens: number, times: number): Scale => ({
  name,
  tokens: (n) => (n <= 0 ? 0 : Math.max(1, Math.round(n / tokens))),
  micros: (seconds) => Math.round((seconds * 1e6) / times),
});

export const GPU = scale('gpu', 1, 1);
export const CI = scale('ci', 16, 50);
export const CI_LARGE_MODEL = scale('ci', 24, 50);
