/** What tests of hecatectl's verbs and questions share: their units, and JSON that is checked against its schema. */
import type { Test } from 'tap';
import { schemaProblem } from '../../../ctl/test/support/schema.ts';
import type { FleetNode } from '../../nodes/node.ts';
import type { Site } from '../../site/site.ts';
import { operate } from './ctl.ts';

export const web = `[Unit]
Description=Serves
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'trap "echo reloaded" HUP; echo hello from web; while :; do sleep 1000 & wait; done'
ExecReload=/bin/kill -HUP $MAINPID
[Install]
WantedBy=default.target
`;

export const units = {
  'web.service': web,
  'job@.service': '[Service]\nExecStart=/bin/sleep 1000\n',
  'fails.service': '[Service]\nType=oneshot\nExecStart=/bin/sh -c "exit 5"\n',
  'tick.timer': '[Timer]\nOnActiveSec=1h\nUnit=fails.service\n[Install]\nWantedBy=timers.target\n',
  'plain.service': '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 1000\n',
};

/** One property as the node's own systemctl shows it. */
export async function property(node: FleetNode, unit: string, name: string): Promise<string> {
  return (await node.systemctl('show', unit, '-p', name, '--value')).stdout.trim();
}

/** JSON of a command, checked against its schema. */
export async function json<Document>(
  t: Test,
  site: Site,
  schema: string,
  ...args: string[]
): Promise<Document> {
  const [command = '', ...rest] = args;
  const { stdout, stderr } = await site.manager.ctl([command, '-o', 'json', ...rest]);
  if (stdout === '') throw new Error(`${args.join(' ')} printed nothing: ${stderr}`);
  const document: unknown = JSON.parse(stdout);
  t.equal(schemaProblem(schema, document), undefined, `${args.join(' ')} keeps to ${schema}.json`);
  return document as Document;
}

export interface ListedUnit {
  node: string;
  unit: string;
  load_state: string;
  active_state: string;
  sub_state: string;
  description: string;
}

/** `unit load active sub description` of every unit, sorted. */
export const unitLines = (listed: readonly ListedUnit[]): string[] =>
  listed
    .map(({ unit, load_state, active_state, sub_state, description }) =>
      [unit, load_state, active_state, sub_state, description].join(' | '),
    )
    .sort();

export async function unitLinesOf(node: FleetNode, ...filters: string[]): Promise<string[]> {
  const { stdout } = await node.systemctl('list-units', '-o', 'json', ...filters);
  const rows = JSON.parse(stdout) as Record<'unit' | 'load' | 'active' | 'sub' | 'description', string>[];
  return rows
    .map(({ unit, load, active, sub, description }) => [unit, load, active, sub, description].join(' | '))
    .sort();
}

/** Carries a verb out, and asserts that each of its outcomes is a good one. */
export async function done(t: Test, { manager }: Site, ...args: string[]): Promise<void> {
  const operated = await operate(manager, ...args);
  t.equal(operated.exitCode, 0, `${args.join(' ')}: ${operated.stderr}`);
  t.equal(schemaProblem('outcomes', operated.outcomes), undefined);
  t.ok(operated.outcomes.every(({ status, verb }) => status === 'done' && verb === args[0]));
}
