/** A site on user nodes with sequences of its own, and a session to ask for runs in. */
import type { Test } from 'tap';
import { Operator } from '../../../manager/test/support/manager-bench.ts';
import { until } from '../../nodes/until.ts';
import { type Site, type SiteOptions, siteForTest } from '../../site/site.ts';

/** Of a user node every port of the host refuses, and that is an answer. */
const inventoryOf = (names: readonly string[]) =>
  names.map((name) => ({ name, units: ['slow.service'], address: '127.0.0.1' }));

export interface RunSiteOptions extends SiteOptions {
  readonly names: readonly string[];
  readonly sequences: Record<string, unknown>;
}

export async function runSite(t: Test, { sequences, ...options }: RunSiteOptions): Promise<Site> {
  const config = { inventory: inventoryOf(options.names), sequences, ...options.config };
  return siteForTest(t, { ...options, config });
}

/** A session of its own; it ends with its manager. */
export async function operatorOf(t: Test, site: Site): Promise<Operator> {
  const operator = await Operator.connect(site.manager.socket);
  t.teardown(() => operator.session.end('HEC_SHUTTING_DOWN', 'the test is over'));
  return operator;
}

/** When a unit's main process began and when the unit became active, in the clock that all user nodes share. */
export async function timesOf(site: Site, node: string, unit: string) {
  const read = async (property: string): Promise<number> => {
    const { stdout } = await site.node(node).systemctl('show', '--value', `--property=${property}`, unit);
    return Number(stdout.trim());
  };
  return {
    startedUs: await read('ExecMainStartTimestampMonotonic'),
    activeUs: await read('ActiveEnterTimestampMonotonic'),
  };
}

export async function untilActivating(site: Site, node: string, unit: string): Promise<void> {
  await until(
    async () => {
      const { stdout } = await site.node(node).systemctl('show', '--value', '--property=ActiveState', unit);
      return stdout.trim() === 'activating';
    },
    { what: `${unit} of ${node} is starting`, intervalMs: 20 },
  );
}
