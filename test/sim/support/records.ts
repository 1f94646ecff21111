/** A line of the simulator's log. */
export interface LogRecord {
  at: number;
  kind: string;
  request: number;
  program: number;
  a: number;
  b: number;
}

export function readLog(log: Uint8Array): LogRecord[] {
  const lines = Buffer.from(log).toString('latin1').split('\n');
  lines.pop();
  return lines.map((line) => {
    const [at = '', kind = '', ...numbers] = line.split(' ');
    const [request = 0, program = 0, a = 0, b = 0] = numbers.map(Number);
    return { at: Number(at), kind, request, program, a, b };
  });
}

/** A step and its rows, from a log with rows. */
export interface Step {
  at: number;
  end: number;
  tokens: number;
  rows: { request: number; program: number; tokens: number; past: number }[];
}

export function stepsOf(records: readonly LogRecord[]): Step[] {
  const steps: Step[] = [];
  let rows: Step['rows'] = [];
  for (const { kind, at, request, program, a, b } of records) {
    if (kind === 'row') rows.push({ request, program, tokens: a, past: b });
    if (kind !== 'step') continue;
    steps.push({ at, end: at + b, tokens: a, rows });
    rows = [];
  }
  return steps;
}
