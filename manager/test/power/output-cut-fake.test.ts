/** Cutting an output before a fake server: what a real driver does not do. */
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeNutServer, listOfVariables } from '../../../test/nut/fake-nut-server.ts';
import { OutputCut } from '../../src/power/output-cut.ts';

const listOf = (kind: string, ...names: string[]): string =>
  `BEGIN LIST ${kind} rack\n${names.map((name) => `${kind} rack ${name}\n`).join('')}END LIST ${kind} rack\n`;

async function deskOf(
  t: Test,
  takesDelay: boolean,
  instant: (attempt: number, command: string) => string,
  haltMs = 90_000,
) {
  const variables: Record<string, string> = { 'ups.delay.shutdown': '20' };
  let attempts = 0;
  const fake = await FakeNutServer.start(t, (line, socket) => {
    const [, variable = '', value = ''] = /^SET VAR rack (\S+) (\S+)/.exec(line) ?? [];
    if (line.startsWith('LIST CMD')) socket.write(listOf('CMD', 'shutdown.return'));
    else if (line.startsWith('LIST RW')) socket.write(listOf('RW', 'ups.delay.shutdown "20"'));
    else if (line.startsWith('LIST VAR')) socket.write(listOfVariables('rack', variables));
    else if (line.startsWith('INSTCMD')) {
      attempts += 1;
      const reply = instant(attempts, line);
      if (reply === '') socket.destroy();
      else socket.write(reply);
    } else {
      if (variable !== '' && takesDelay) variables[variable] = value;
      socket.write('OK\n');
    }
  });
  let stillUp = 0;
  const hindrances: (string | undefined)[] = [];
  const cut = new OutputCut({
    nutName: 'rack',
    server: { host: fake.host, port: fake.port, tls: { mode: 'off' } },
    credentials: () => ({ username: 'hecate', password: 'secret' }),
    haltMs: () => haltMs,
    nowMs: () => performance.now(),
    onHindrance: (sentence) => void hindrances.push(sentence),
    onStillUp: () => {
      stillUp += 1;
    },
  });
  t.teardown(() => cut.close());
  const commands = () => fake.received.map(({ line }) => line).filter((line) => line.startsWith('INSTCMD'));
  return { cut, hindrances, commands, stillUp: () => stillUp, variables };
}

t.test('the delay is set before, and what the UPS tells then counts', async (t) => {
  const { cut, commands } = await deskOf(t, true, () => 'OK\n');
  t.equal(await cut.cut(), 'its output goes off in 120 s, and comes back with mains');
  t.same(commands(), ['INSTCMD rack shutdown.return']);
});

t.test('a UPS that says OK to a delay and keeps its own is not told to cut', async (t) => {
  const { cut, commands, hindrances } = await deskOf(t, false, () => 'OK\n');
  t.match(await cut.cut(), /^its output is not cut: it does not take a longer ups\.delay\.shutdown/);
  t.same(commands(), []);
  t.match(hindrances.at(-1), /does not take a longer/);
  t.match(cut.hindrance, { why: /does not take/ });
});

t.test('a server that is lost on the way is asked again, and not for ever', async (t) => {
  const second = await deskOf(t, true, (attempt) => (attempt === 1 ? '' : 'OK\n'));
  t.match(await second.cut.cut(), /^its output goes off in 120 s/);
  const gone = await deskOf(t, true, () => '');
  t.match(await gone.cut.cut(), /^its output is not cut: .*by hand$/);
  t.equal(gone.commands().length, 3);
});

const cutAndStop = ['INSTCMD rack shutdown.return', 'INSTCMD rack shutdown.stop'];

t.test('what was ordered is taken back, once; where nothing was ordered, nothing is', async (t) => {
  const { cut, commands } = await deskOf(t, true, () => 'OK\n');
  t.equal(await cut.takeBack(), undefined);
  await cut.cut();
  t.equal(await cut.takeBack(), 'its output stays on: the cut is taken back');
  t.equal(await cut.takeBack(), undefined);
  t.same(commands(), cutAndStop);
  const refused = await deskOf(t, true, () => 'ERR ACCESS-DENIED\n');
  await refused.cut.cut();
  t.equal(await refused.cut.takeBack(), undefined, 'it was refused');
});

t.test('a server that is lost when it is to be taken back is asked again', async (t) => {
  const { cut, commands } = await deskOf(t, true, (attempt) => (attempt === 2 ? '' : 'OK\n'));
  await cut.cut();
  t.match(await cut.takeBack(), /taken back/);
  t.same(commands(), [...cutAndStop, 'INSTCMD rack shutdown.stop']);
});

t.test('a UPS that cannot take it back: told, with how long is left', async (t) => {
  const { cut } = await deskOf(t, true, (attempt) => (attempt === 1 ? 'OK\n' : 'ERR CMD-NOT-SUPPORTED\n'));
  await cut.cut();
  t.match(
    await cut.takeBack(),
    /^its output goes off in 1[12]\d s all the same, .*shutdown\.stop.*power this host off/,
  );
});

t.test('who is still up shortly before the output goes off, is told so', async (t) => {
  const { cut, stillUp, variables } = await deskOf(t, true, () => 'OK\n', 500);
  variables['ups.delay.shutdown'] = '1';
  await cut.cut();
  await until(() => stillUp() === 1, { what: 'half of the delay is over' });
  t.match(await cut.takeBack(), /taken back/);
});
