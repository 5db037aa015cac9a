/** The configuration of a NUT server for tests: ups.conf, upsd.conf, upsd.users and what the dummy drivers play. */
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nutUser } from './nut-programs.ts';

export type Variables = Readonly<Record<string, string>>;

export type DummyUps =
  /** Says these values until they are changed. */
  | { readonly kind: 'dev'; readonly values: Variables }
  /** Plays lines of `variable: value` and `TIMER seconds`, again and again (dummy-ups(8)). */
  | { readonly kind: 'sequence'; readonly text: string }
  /** A serial UPS (serial-ups.ts) behind a driver that knows the commands of such a one; its terminal's path. */
  | { readonly kind: 'serial'; readonly port: string };

export interface NutUser {
  readonly password: string;
  /** `SET`, `FSD`. */
  readonly actions?: readonly string[];
  /** Instant commands; `ALL`. */
  readonly commands?: readonly string[];
  readonly upsmon?: 'primary' | 'secondary';
}

export interface UpsdSettings {
  readonly host: string;
  readonly port: number;
  /** Seconds until data that a driver does not renew are stale. upsd's default is 15. */
  readonly maxAgeSeconds: number;
  readonly upses: Readonly<Record<string, DummyUps>>;
  readonly users: Readonly<Record<string, NutUser>>;
  /** Further lines of upsd.conf. */
  readonly directives: readonly string[];
}

export function writeUpsdFiles(folder: string, settings: UpsdSettings): void {
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`, { mode: 0o640 });
  const { upses, users, host, port, maxAgeSeconds, directives } = settings;
  write(
    'ups.conf',
    Object.entries(upses).flatMap(([name, ups]) => upsSection(name, ups)),
  );
  write('upsd.conf', [`LISTEN ${host} ${port}`, `MAXAGE ${maxAgeSeconds}`, ...directives]);
  write(
    'upsd.users',
    Object.entries(users).flatMap(([name, user]) => userSection(name, user)),
  );
  for (const [name, ups] of Object.entries(upses)) {
    if (ups.kind === 'sequence') write(`${name}.seq`, [ups.text.trim()]);
    else if (ups.kind === 'dev') writeDevice(folder, name, ups.values);
  }
  giveToNut(folder);
}

const upsSection = (name: string, ups: DummyUps): string[] =>
  ups.kind === 'serial' ? serialSection(name, ups.port) : dummySection(name, ups);

/** Its driver looks at it every second, so that a change is known in one. */
const serialSection = (name: string, port: string): string[] => [
  `[${name}]`,
  'driver = nutdrv_qx',
  'protocol = megatec',
  `port = ${port}`,
  'pollinterval = 1',
];

const dummySection = (name: string, ups: DummyUps): string[] => [
  `[${name}]`,
  'driver = dummy-ups',
  `mode = ${ups.kind === 'dev' ? 'dummy-once' : 'dummy-loop'}`,
  `port = ${name}.${ups.kind === 'dev' ? 'dev' : 'seq'}`,
  // dummy-ups sleeps a second at each look at its file, deaf meanwhile; values are changed through its socket.
  `pollinterval = ${ups.kind === 'dev' ? 30 : 1}`,
];

const userSection = (name: string, { password, actions = [], commands = [], upsmon }: NutUser): string[] => [
  `[${name}]`,
  `password = ${password}`,
  ...actions.map((action) => `actions = ${action}`),
  ...commands.map((command) => `instcmds = ${command}`),
  ...(upsmon === undefined ? [] : [`upsmon ${upsmon}`]),
];

/** What a `dev` UPS says after its driver is started anew. */
export function writeDevice(folder: string, name: string, values: Variables): void {
  const file = join(folder, `${name}.dev`);
  const lines = Object.entries(values).map(([variable, value]) => `${variable}: ${value}`);
  writeFileSync(`${file}.new`, `${lines.join('\n')}\n`);
  renameSync(`${file}.new`, file);
}

/** Everything in the folder to NUT's user, who runs the programs. */
export function giveToNut(folder: string): void {
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${nutUser}:${nutUser}`, folder]);
}
