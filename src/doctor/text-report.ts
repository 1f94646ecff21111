import type { DoctorReport, Finding, LintReport } from './report.js';

/** Findings and conversations that are printed; the JSON has more. */
const MOST_PRINTED = 20;

/** A report as text for a terminal. */
export function textReport(report: DoctorReport): string {
  const { calls, promptTokens, reusedTokens, lostTokens, lints, findings } = report;
  const head = [
    `${count(calls)}, ${number(promptTokens)} prompt tokens (counted ${report.counted})`,
    `${number(reusedTokens)} reused, ${number(lostTokens)} lost${time(report.lostMs)}: ` +
      `${report.reusedPercent.toFixed(1)}% of what could be reused`,
    ...(report.rate ? [`${number(Math.round(report.rate.tokensPerSecond))} tokens/s (${report.rate.how})`] : []),
  ];
  if (lints.length === 0)
    return [...head, '', 'Nothing was lost that a change of the prompts would keep.', ''].join('\n');
  const dearest = [...findings].sort((a, b) => b.tokensLost - a.tokensLost).slice(0, MOST_PRINTED);
  const left = findings.length + report.findingsLeftOut - dearest.length;
  return [
    ...head,
    '',
    ...lints.flatMap(lintLines),
    'costliest calls',
    ...dearest.flatMap(findingLines),
    ...(left > 0 ? [`  ... and ${number(left)} more (--json has them)`] : []),
    '',
  ].join('\n');
}

function lintLines({ lint, what, remedy, calls, tokensLost, msLost, worst }: LintReport): string[] {
  return [
    `${lint}: ${number(tokensLost)} tokens${time(msLost)} in ${count(calls)}, most in ${worst.field}`,
    `  ${what}`,
    `  -> ${remedy}`,
    '',
  ];
}

function findingLines(finding: Finding): string[] {
  const { call, conversation, field, times, token, lint, tokensLost, msLost, markBehind, excerpt } = finding;
  const others = times > 1 ? ` and ${times - 1} like it` : '';
  const at = token === undefined ? '' : `, from token ${number(token)}`;
  const mark = markBehind === undefined ? '' : `; the cache mark of ${markBehind} stands behind it`;
  return [
    `  call ${call}, conversation ${conversation}: ${field}${others} (${lint})${at}: ${number(tokensLost)} tokens${time(msLost)}${mark}`,
    ...(excerpt ? [`    - ${JSON.stringify(excerpt.before)}`, `    + ${JSON.stringify(excerpt.after)}`] : []),
  ];
}

const number = (value: number) => value.toLocaleString('en');
const count = (calls: number) => `${number(calls)} ${calls === 1 ? 'call' : 'calls'}`;

function time(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 1000 ? ` (${ms.toFixed(0)} ms)` : ` (${(ms / 1000).toFixed(1)} s)`;
}
