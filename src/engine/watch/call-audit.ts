import type { AuditLog } from '../../audit/audit-log.js';
import type { AuditEvent } from '../../audit/entry.js';
import type { Backend } from '../../backend/backend.js';
import { canonicalJson } from '../../kit/canonical-json.js';
import { asBanyanError, BanyanError } from '../../kit/errors.js';
import type { Completion, Request } from '../request.js';
import type { RequestSettings } from '../request-options.js';
import type { AskedCall } from './call-watch.js';

const logs = new WeakMap<Backend, AuditLog>();

/** Records each request that begins from now on. Returns what ends that. Throws INVALID_OPTION: there is a log already. */
export function auditCalls(backend: Backend, log: AuditLog): () => void {
  log.check();
  if (logs.has(backend))
    throw new BanyanError('INVALID_OPTION', 'The engine has an audit log already', { field: 'log' });
  logs.set(backend, log);
  return () => {
    if (logs.get(backend) === log) logs.delete(backend);
  };
}

/** The log that requests of an engine are recorded in now. */
export function auditLogOf(backend: Backend): AuditLog | undefined {
  return logs.get(backend);
}

/** Throws AUDIT_FAILED, CLOSED when there is a log that nothing can be recorded in: then nothing is asked. */
export function checkAudit(backend: Backend): void {
  logs.get(backend)?.check();
}

/** Records a request when it ends. One that was cancelled before it started came to no model, and is not recorded. */
export function auditCall(
  backend: Backend,
  request: Pick<Request, 'completion' | 'label'>,
  { program }: Pick<RequestSettings, 'program'>,
  asked: () => AskedCall,
): void {
  const log = logs.get(backend);
  if (!log) return;
  const model = backend.info.digest;
  const owner = () => ({ tenant: asked().tenant, label: request.label, program });
  const failed = (reason: unknown) => {
    tell(log, () => ({ type: 'request-failed', ...owner(), model, code: asBanyanError(reason).code }));
  };
  const ended = ({ prepared, message, reason, usage }: Completion) => {
    if (!prepared) return;
    if (reason === 'error') return failed(new BanyanError('ENGINE_FAILED', 'The request failed'));
    const { content, reasoning, toolCalls } = message;
    const { promptTokens, cachedTokens, outputTokens, totalMs: ms } = usage;
    tell(log, () => ({
      ...{ type: 'request', ...owner(), model, read: log.text(readBy(asked(), prepared.prompt)) },
      ...{ answer: log.text(reasoning + content), calls: toolCalls.map(({ name }) => name) },
      ...{ finishReason: reason, promptTokens, cachedTokens, outputTokens, ms },
    }));
  };
  request.completion.then(ended, failed);
}

/** Records a call for vectors. */
export function auditEmbedding(
  backend: Backend,
  tenant: string,
  texts: readonly (string | Int32Array)[],
  usage: { promptTokens: number; totalMs: number },
): void {
  const log = logs.get(backend);
  if (!log) return;
  const { promptTokens, totalMs: ms } = usage;
  const read = () => log.text(canonicalJson(texts.map((text) => (typeof text === 'string' ? text : [...text]))));
  tell(log, () => {
    return { type: 'embed', tenant, model: backend.info.digest, texts: texts.length, read: read(), promptTokens, ms };
  });
}

/** A prompt of token ids has no other text than these. */
function readBy({ said }: AskedCall, prompt: Int32Array): string {
  if (typeof said !== 'string') return canonicalJson(said);
  return said === '' ? canonicalJson([...prompt]) : said;
}

/** A log that fails is noticed by the next request, before it is asked: what has been done is done. */
function tell(log: AuditLog, event: () => AuditEvent): void {
  try {
    log.record(event());
  } catch {}
}
