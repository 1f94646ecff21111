const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const TYPES = ['counter', 'gauge', 'histogram', 'summary'];

/** One value of a metric. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of a text in Prometheus' format. Throws for what a scraper would refuse, and for histograms that are none. */
export function readMetrics(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('The last line has no end');
  const types = new Map<string, string>();
  const series = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    if (line.startsWith('# HELP ')) continue;
    if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ');
      if (types.has(name) || !TYPES.includes(type)) throw new Error(`Twice, or no type: ${line}`);
      types.set(name, type);
      continue;
    }
    const [, name = '', labelText = '', valueText = ''] = LINE.exec(line) ?? [];
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    if (name === '' || Number.isNaN(value)) throw new Error(`No sample: ${line}`);
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(family)) throw new Error(`No type before ${line}`);
    if (types.get(family) === 'counter' && (value < 0 || !name.endsWith('_total')))
      throw new Error(`No counter: ${line}`);
    const labels = readLabels(labelText);
    const key = JSON.stringify([name, Object.entries(labels).sort()]);
    if (series.has(key)) throw new Error(`Twice: ${line}`);
    series.add(key);
    samples.push({ name, labels, value });
  }
  for (const [name, type] of types) if (type === 'histogram') checkHistogram(name, samples);
  return samples;
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined || name in labels) throw new Error(`No labels: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
  }
  return labels;
}

/** Buckets only grow, and the last one has all. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const others = ({ labels: { le: _, ...rest } }: Sample) => JSON.stringify(Object.entries(rest).sort());
  const groups = new Map<string, Sample[]>();
  for (const sample of samples.filter((one) => one.name === `${name}_bucket`)) {
    groups.set(others(sample), [...(groups.get(others(sample)) ?? []), sample]);
  }
  for (const [key, buckets] of groups) {
    const counted = samples.find((one) => one.name === `${name}_count` && others(one) === key)?.value;
    if (buckets.at(-1)?.labels.le !== '+Inf' || buckets.at(-1)?.value !== counted)
      throw new Error(`Not whole: ${name}`);
    buckets.reduce((before, bucket) => {
      if (bucket.value < before.value || bound(bucket) <= bound(before)) throw new Error(`Not in order: ${name}`);
      return bucket;
    });
  }
}

const bound = ({ labels: { le = '' } }: Sample) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));

/** The sum of a metric's samples with these labels. */
export function sumOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  const found = samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  if (found.length === 0) throw new Error(`There is no ${name} with ${JSON.stringify(labels)}`);
  return found.reduce((sum, { value }) => sum + value, 0);
}
