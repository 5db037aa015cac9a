/** What `npm start` was asked for. */
import { parseArgs } from 'node:util';

const nodesMax = 20;

const usage = `npm start [-- --nodes N]              a manager and N nodes (default 3, at most ${nodesMax})
npm start -- --outage [--nodes N]     the same, and then a power cut, as a story
`;

export interface DemoOptions {
  readonly nodeCount: number;
  /** Whether the mains fails. */
  readonly hasOutage: boolean;
}

/** Says what is wrong, and ends with 2. */
export function readOptions(): DemoOptions {
  try {
    const { values } = parseArgs({
      options: {
        nodes: { type: 'string', short: 'n', default: '3' },
        outage: { type: 'boolean', default: false },
      },
    });
    const nodeCount = Number(values.nodes);
    if (Number.isInteger(nodeCount) && nodeCount >= 1 && nodeCount <= nodesMax)
      return { nodeCount, hasOutage: values.outage };
    throw new Error(`--nodes takes a whole number from 1 to ${nodesMax}, not ${values.nodes}`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
