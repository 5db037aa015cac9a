/** The story of a power cut, as README and `npm start -- --outage` tell it. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { Demonstration, makeShims, runAsPrinted } from './support/demonstration.ts';

const skip = (await skipUnless('user')) || skipWithoutUpsd();
t.setTimeout(280_000);

t.test('the power cut', { skip, timeout: 270_000 }, async (t) => {
  const demonstration = new Demonstration('--outage', '--nodes', '2');
  t.teardown(() => {
    if (demonstration.child.exitCode === null) demonstration.interrupt();
    return demonstration.ended;
  });
  await demonstration.untilUp(240_000);
  const { output } = demonstration;
  const story = [
    /A UPS feeds them: NUT's own upsd/,
    /step .* done .*: start k3s\.service on server1/,
    /step .* done .*: start k3s-agent\.service on worker1/,
    /rack is on mains: runtime 3 min believed/,
    /MAINS FAILS/,
    /rack is on battery for .* until it asks for a shutdown/,
    /THE DECISION/,
    /rack, on battery for .*, asks for a shutdown: .* under the threshold .* in 3 looks in a row/,
    /step .* done .*: k3s-agent\.service stopped on every agent/,
    /step .* done .*: k3s\.service stopped on every server/,
    /the run has ended: done/,
    /The cluster is down, .* the nodes are on/,
    /no power to switch: power\.mode is cluster-only here/,
    /MAINS IS BACK/,
    /waiting: rack: mains for .* of 10 s/,
    /the site is started up: rack: mains for/,
    /step .* done .*: start k3s\.service on server1/,
    /step .* done .*: start k3s-agent\.service on worker1/,
    /the run has ended: done/,
    /The site is up again/,
  ];
  let rest = output;
  for (const scene of story) {
    const found = scene.exec(rest);
    t.ok(found, `in its place: ${scene}`, { output });
    rest = rest.slice((found?.index ?? 0) + (found?.[0].length ?? 0));
  }
  t.notMatch(output, /degraded|failed/);

  const environment = { HECATE_SOCKET: /export HECATE_SOCKET=(\S+)/.exec(output)?.[1] ?? '' };
  const shims = makeShims(t);
  const printed = output.split('\n').filter((line) => line.startsWith('  npx '));
  t.equal(printed.length, 3);
  for (const command of printed.map((line) => line.trim())) {
    const { exitCode, stdout, stderr } = await runAsPrinted(command, shims, environment);
    t.equal(exitCode, 0, `${command}\n${stdout}${stderr}`);
  }
  const { stdout } = await runAsPrinted('npx hecatectl runs list -o json', shims, environment);
  t.match(
    JSON.parse(stdout),
    [
      { plan: 'startup', state: 'done', reason: /bootstrap/ },
      { plan: 'shutdown', mode: 'cluster-only', state: 'done', reason: /under the threshold/ },
      { plan: 'startup', state: 'done' },
    ],
    'what it tells has been done',
  );
  demonstration.interrupt();
  t.equal(await demonstration.ended, 0);
  t.equal(demonstration.errors, '');
  await demonstration.untilGone(t);
});

t.test('Ctrl-C in the middle of it', { skip, timeout: 120_000 }, async (t) => {
  const demonstration = new Demonstration('--outage', '--nodes', '1');
  await demonstration.untilSaid('MAINS FAILS');
  demonstration.interrupt();
  t.equal(await demonstration.ended, 0, demonstration.errors);
  t.equal(demonstration.errors, '');
  await demonstration.untilGone(t);
});
