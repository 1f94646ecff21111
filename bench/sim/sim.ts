import { H200 } from '../../testing/simulator/devices.js';
import { GPU } from '../../testing/workloads/scale.js';
import { draw } from '../chart.js';
import type { BenchOptions, Report } from '../report.js';
import { batchingStudy } from './studies/batching.js';
import { classesStudy } from './studies/classes.js';
import { everyWorkloadStudy } from './studies/every-workload.js';
import { fairnessStudy } from './studies/fairness.js';
import { memoryStudy } from './studies/memory.js';
import type { Study, StudyOptions } from './studies/study.js';
import { subAgentsStudy } from './studies/sub-agents.js';
import { tenThousandStudy } from './studies/ten-thousand.js';
import { windowStudy } from './studies/window.js';

const STUDIES: Record<string, (options: StudyOptions) => Promise<Study>> = {
  memory: memoryStudy,
  classes: classesStudy,
  window: windowStudy,
  'sub-agents': subAgentsStudy,
  'ten-thousand': tenThousandStudy,
  fairness: fairnessStudy,
  batching: batchingStudy,
  'every-workload': everyWorkloadStudy,
};

/** The scheduling policy at GPU scale, on the simulator; BANYAN_SIM=memory,classes runs some of the studies only. */
export async function benchSim({ runs }: BenchOptions): Promise<Report> {
  const setup = { device: H200, scale: GPU };
  const seeds = Array.from({ length: runs }, (_, i) => `seed ${i + 1}`);
  const chosen = process.env.BANYAN_SIM?.split(',') ?? Object.keys(STUDIES);
  const report: Report = {
    findings: [],
    tables: [],
    setup: {
      machine: `simulated: ${H200.name}`,
      'KV pool': `${H200.poolTokens.toLocaleString('en-US')} tokens unless a study says otherwise`,
      systems: 'the same scheduler with two policies; memory, machine, batch limits and workload are equal',
      repetitions: `seeds: ${runs}, medians`,
    },
  };
  for (const name of chosen) {
    const study = STUDIES[name];
    if (!study) throw new Error(`no study ${name}; there are ${Object.keys(STUDIES).join(', ')}`);
    const { findings, tables, charts = {} } = await study({ setup, seeds });
    report.findings.push(...findings);
    report.tables.push(...tables);
    for (const [file, panels] of Object.entries(charts)) await draw(file, panels);
  }
  return report;
}
