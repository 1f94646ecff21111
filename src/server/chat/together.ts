import type { PendingAnswer } from '../../stateless/pending-answer.js';

/** What `wait` gives for all of several answers to one request, in their order; when it fails for one of them, the rest end too. */
export async function together<Result>(
  answers: readonly PendingAnswer[],
  wait: (answer: PendingAnswer, index: number) => Promise<Result>,
): Promise<Result[]> {
  try {
    return await Promise.all(answers.map(wait));
  } catch (reason) {
    for (const answer of answers) answer.cancel();
    throw reason;
  }
}
