/** Reads Prometheus' text format, as far as a manager writes it: samples, without help and type lines. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As text when it is no finite number: "+Inf", "NaN". */
  readonly value: number | string;
}

const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

const unescapes: Record<string, string> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(labelPattern)) {
    if (name !== undefined) labels[name] = (value ?? '').replace(/\\./g, (pair) => unescapes[pair] ?? pair);
  }
  return labels;
}

export function readMetrics(text: string): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : samplePattern.exec(line);
    if (!match) continue;
    const [, name = '', labels = '', written = ''] = match;
    const value = Number(written);
    samples.push({ name, labels: readLabels(labels), value: Number.isFinite(value) ? value : written });
  }
  return samples;
}
