import { expect } from 'vitest';

interface CodedError extends Error {
  code?: string;
  field?: string;
  retryAfter?: number;
  promptTokens?: number;
}

/** The error that the call throws or rejects with; fails when it does neither, or when it has no code. */
export async function errorOf(call: () => unknown): Promise<CodedError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect((error as CodedError).code, `no code on: ${(error as Error).stack}`).toBeTypeOf('string');
    expect((error as CodedError).message).not.toBe('');
    return error as CodedError;
  }
  throw new Error('expected an error, got none');
}

export const codeOf = async (call: () => unknown): Promise<string | undefined> => (await errorOf(call)).code;
