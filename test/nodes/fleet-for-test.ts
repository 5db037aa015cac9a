import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { canRunBootedNodes, canRunUserNodes } from './capabilities.ts';
import {
  type BootedFleet,
  type BootedFleetOptions,
  type Fleet,
  startFleet,
  type UserFleetOptions,
} from './fleet.ts';
import type { NodeKind } from './node.ts';
import { repositoryFolder, type UserNode } from './user-node.ts';

/** Where the journals of failed tests are kept: `test/results/<test>/<node>/`. */
export const resultsFolder = join(repositoryFolder, 'test', 'results');

/** For tap's `skip` option: false when such nodes can run here, else the reason why they cannot. */
export async function skipUnless(kind: NodeKind): Promise<false | string> {
  const capability = await (kind === 'user' ? canRunUserNodes() : canRunBootedNodes());
  return capability.ok ? false : capability.why;
}

/** `mesh.test.ts > agent killed while a job runs` → `mesh-test-ts-agent-killed-while-a-job-runs`. */
function folderName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 120);
}

/**
 * When the test has failed by its teardown, keeps what explains it of every node of the fleet. Register it after
 * the fleet's own teardown (tap runs teardowns in reverse order), or use {@link fleetForTest}.
 */
export async function keepEvidence(
  t: Pick<Test, 'fullname' | 'comment' | 'passing'>,
  fleet: Fleet,
): Promise<void> {
  const folder = join(resultsFolder, folderName(t.fullname));
  rmSync(folder, { recursive: true, force: true }); // of an earlier run
  if (t.passing()) return;
  await Promise.all(fleet.nodes.map((node) => node.collect(join(folder, node.name))));
  t.comment(`the journals of ${fleet.nodes.map((node) => node.name).join(', ')} are in ${folder}`);
}

/** A fleet for one test: destroyed at its end; when the test failed, its journals are kept. */
export function fleetForTest(t: Test, options: UserFleetOptions): Promise<Fleet<UserNode>>;
export function fleetForTest(t: Test, options: BootedFleetOptions): Promise<BootedFleet>;
export async function fleetForTest(t: Test, options: UserFleetOptions | BootedFleetOptions): Promise<Fleet> {
  const fleet = options.kind === 'user' ? await startFleet(options) : await startFleet(options);
  t.teardown(async () => {
    await keepEvidence(t, fleet).finally(() => fleet.destroy());
  });
  return fleet;
}
