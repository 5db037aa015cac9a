/** The users of NUT that the installer writes, on a real upsd: they may do what Hecate asks for, and no more. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createUpsControl, type UpsControl } from '../../manager/src/io/nut/nut-client.ts';
import { OutputCut } from '../../manager/src/power/output-cut.ts';
import { execute } from '../nodes/execute.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { SerialUps } from '../nut/serial-ups.ts';
import { startUpsd, type Upsd } from '../nut/upsd.ts';
import type { NutUser } from '../nut/upsd-files.ts';

t.setTimeout(100_000);
const skip = skipWithoutUpsd();

/** As nut.sh has them between `put $nut/upsd.users` and `END`, with these passwords. */
function usersOfInstaller(): Record<string, NutUser> {
  const script = readFileSync(join(repositoryFolder, 'packaging/nut/nut.sh'), 'utf8');
  const [, text = ''] = /put \$nut\/upsd\.users [^\n]*<<END\n(.*?)\nEND\n/s.exec(script) ?? [];
  const sections = text.replaceAll('$monitor_user', 'monitor').split(/^\[/m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const all = (key: string): string[] =>
        [...section.matchAll(new RegExp(`^ +${key} =? ?(\\S+)$`, 'gm'))].map(([, value = '']) => value);
      const [upsmon] = all('upsmon') as NutUser['upsmon'][];
      const user = { password: 'secret', actions: all('actions'), commands: all('instcmds') };
      return [section.slice(0, section.indexOf(']')), { ...user, ...(upsmon ? { upsmon } : {}) }];
    }),
  );
}

const serverOf = ({ port }: Upsd) => ({ host: '127.0.0.1', port, tls: { mode: 'off' } }) as const;

const controlOf = (upsd: Upsd, username: string): UpsControl =>
  createUpsControl({
    nutName: 'rack',
    server: serverOf(upsd),
    credentials: () => ({ username, password: 'secret' }),
  });

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    ({ message }: Error) => message,
  );

function cutOf(t: Test, upsd: Upsd): OutputCut {
  const cut = new OutputCut({
    nutName: 'rack',
    server: serverOf(upsd),
    credentials: () => ({ username: 'hecate', password: 'secret' }),
    // More than the UPS tells: its delay has to be set.
    haltMs: () => 90_000,
    nowMs: () => performance.now(),
    onHindrance: () => undefined,
    onStillUp: () => undefined,
  });
  t.teardown(() => cut.close());
  return cut;
}

t.test('what Hecate asks for, and what a secondary may not', { skip }, async (t) => {
  const users = usersOfInstaller();
  t.same(Object.keys(users), ['monitor', 'hecate']);
  const serial = await SerialUps.start(t);
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'serial', port: serial.port } }, users });
  const cut = cutOf(t, upsd);
  t.match(await cut.cut(), /^its output goes off in 120 s/, 'it sets the delay, and cuts');
  t.match(await cut.takeBack(), /taken back/);
  t.same(serial.told, ['S02R0003', 'C']);
  const [own, secondary] = ['hecate', 'monitor'].map((user) => controlOf(upsd, user));
  if (!own || !secondary) throw new Error('no users');
  t.match(await refusal(own.instantCommand('load.off')), /ACCESS-DENIED/, 'no more than that');
  t.match(await refusal(secondary.instantCommand('shutdown.return')), /ACCESS-DENIED/);
  t.match(await refusal(secondary.setVariable('ups.delay.shutdown', '60')), /ACCESS-DENIED/);
  t.match(await refusal(secondary.setForcedShutdown()), /ACCESS-DENIED/);
  t.equal(await refusal(own.setForcedShutdown()), 'done');
});

t.test('a password file that was there is told as another one, with the user to write', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-nut-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'nut-password-ups');
  const script = `ups=ups; . ./packaging/nut/nut.sh; password_file=$1
say() { printf '%s\\n' "$*"; }
change() { say "$1"; }
write_password_file`;
  const said = async (): Promise<string> => {
    const { stdout, stderr } = await execute(['sh', '-euc', script, 'sh', file], { cwd: repositoryFolder });
    t.equal(stderr, '');
    return stdout;
  };
  t.equal(await said(), `write ${file}\n`, 'a new one needs no word');
  writeFileSync(file, 'of the user monitor\n');
  t.match(await said(), /^write .*\n.* has another password now, .* in power\.upses .* write user: hecate /);
});
