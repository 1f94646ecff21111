import type { Agent, AgentRun, RunStore } from 'banyan';

/** What any queue knows of a job: an id that is the same at each delivery, and what is to be done. */
export interface Job {
  id: string;
  input: string;
}

/**
 * Runs a job to its end. A queue may deliver it again, after its worker was killed or was thought to be: then the run goes on where
 * it was, no tool gets a call twice, and of two workers that have it at once the second is refused with JOURNAL_BUSY before it acts.
 * A job whose run has ended gives its result again.
 */
export function runJob(agent: Agent, store: RunStore, { id, input }: Job, signal?: AbortSignal): AgentRun {
  const journal = store.run(id);
  return journal.entries().length > 0 ? agent.resume(journal, { signal }) : agent.run(input, { journal, signal });
}
