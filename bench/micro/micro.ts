import type { BenchOptions, Report } from '../report.js';
import { measureAnswers } from './answers.js';
import { measureCalls } from './calls.js';
import { measureChats } from './chat.js';
import { measureTokenCost } from './token-cost.js';

const TARGET_US = 20;

export async function benchMicro({ runs }: BenchOptions): Promise<Report> {
  const tokenCost = await measureTokenCost(runs);
  const calls = await measureCalls();
  const chats = await measureChats(runs);
  const answers = await measureAnswers(runs);
  const at32 = tokenCost.rows.find(([streams]) => streams === 32)?.[2] as number;
  return {
    findings: [`JavaScript costs ${at32.toFixed(1)} us a token at batch 32 (target below ${TARGET_US})`],
    tables: [tokenCost, calls, chats, answers],
    setup: {
      'a token':
        'CPU time of the JavaScript thread while N streams are read with `for await`, over the tokens that came',
      repetitions: `${runs}, median`,
    },
  };
}
