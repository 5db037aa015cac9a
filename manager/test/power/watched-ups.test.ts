/** One UPS of a real upsd, as it is declared: how it is spoken to, and how long it must be so until something follows. */
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../test/nut/upsd.ts';
import { managerBench } from '../support/manager-bench.ts';
import { failMains, full, powerOf, untilPhase, upsOf } from '../support/power-bench.ts';
import { agentsOf, listRuns } from '../support/runs-bench.ts';

t.setTimeout(200_000);
const skip = skipWithoutUpsd();

const inventory = [{ name: 'node-a', units: ['x.service'], address: '127.0.0.1' }];
const upses = { rack: { kind: 'dev', values: full } } as const;
const oneStep = (step: unknown) => ({ stages: [{ name: 'only', steps: [step] }] });
const sequences = {
  startup: oneStep({ start: { nodes: ['node-a'] }, timeout: '30s' }),
  shutdown: oneStep({ stop: { nodes: ['node-a'] }, timeout: '30s' }),
};

t.test('TLS as declared: the authority and the name of the server are checked', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses, tls: 'dns:ups.test' });
  const stranger = await startUpsd(t, { upses: {}, tls: true });
  const ups = `rack@127.0.0.1:${upsd.port}`;
  const required = { ups, tls: 'required', ca: upsd.authorityFile, server_name: 'ups.test' };
  const bench = await managerBench(t, {
    inventory,
    power: {
      upses: [
        { name: 'rack-a', ...required },
        { name: 'other-authority', ...required, ca: stranger.authorityFile },
        { name: 'other-name', ...required, server_name: 'another.test' },
      ],
      poll_interval: '200ms',
    },
  });
  const operator = await bench.operator('admin');
  await untilPhase(operator, 'online');
  for (const name of ['other-authority', 'other-name']) {
    await until(async () => (await upsOf(operator, name)).silence !== '', { what: `${name} was tried` });
    t.match(await upsOf(operator, name), { phase: 'unknown', flags: [] }, 'nothing is believed of it');
  }
});

t.test(
  'under the threshold for less than the debounce: it was pending, and nothing follows',
  {
    skip,
  },
  async (t) => {
    const upsd = await startUpsd(t, { upses });
    const bench = await managerBench(t, {
      inventory,
      sequences,
      power: {
        upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
        // Twenty looks: a busy machine sees mains come back before they are over.
        poll_interval: '3s',
        debounce_polls: 20,
        budget: '10s',
        mode: 'cluster-only',
      },
    });
    await agentsOf(bench, ['node-a']);
    const operator = await bench.operator('admin');
    await untilPhase(operator, 'online');
    await failMains(upsd, operator, { runtimeSeconds: 60 });
    t.ok((await untilPhase(operator, 'pending')).slackMs < 0, 'it is under the threshold');
    await upsd.set('rack', full);
    await untilPhase(operator, 'online');
    t.same(await listRuns(operator), []);
    t.equal((await powerOf(operator)).upses[0]?.trigger, undefined);
  },
);
