import type { AuditOwner } from '../../audit/entry.js';
import type { AgentHost, HostProgram, HostSession } from '../host.js';
import type { RunRecord } from '../journal/run-record.js';
import type { Limits } from '../limits.js';
import type { RunAudit } from '../run-audit.js';
import type { ToolPredictor } from '../speculation/tool-predictor.js';
import type { Tool } from '../tool.js';

/** What an agent hands to one of its runs; its options are checked. */
export interface RunSetup<Conversation extends HostSession> {
  engine: AgentHost<Conversation>;
  /** True: the session was made for this run, and ends with it unless the caller goes on with it. */
  ownSession: boolean;
  session: Conversation;
  tools: readonly Tool[];
  limits: Limits;
  forceTools: number;
  predictor: ToolPredictor | undefined;
  tenant: string | undefined;
  program: HostProgram;
  deadlineMs: number | undefined;
  ttftLimitMs: number | undefined;
  maxTokens: number | undefined;
  /** True: each step has a seed, the caller's or one that was drawn for the run. */
  seeds: boolean;
  signal: AbortSignal | undefined;
  /** True: it goes on with what is on record. */
  resumed: boolean;
  /** What it tells an audit log. */
  audit: (owner: AuditOwner) => RunAudit;
  /** Opens what is on record of this run. `ended`: when it is over. */
  record: (ended: AbortSignal) => Promise<RunRecord>;
}
