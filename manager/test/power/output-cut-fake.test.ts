/** Cutting an output before a fake server: what a real driver does not do. */
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeNutServer, listOfVariables } from '../../../test/nut/fake-nut-server.ts';
import { OutputCut } from '../../src/power/output-cut.ts';

const listOf = (kind: string, ...names: string[]): string =>
  `BEGIN LIST ${kind} rack\n${names.map((name) => `${kind} rack ${name}\n`).join('')}END LIST ${kind} rack\n`;

/** The driver says that the UPS took it; a bare OK: upsd has handed it over. */
const taken = 'OK TRACKING 1\n';

async function deskOf(
  t: Test,
  takesDelay: boolean,
  instant: (attempt: number, command: string) => string | Promise<string>,
  haltMs = 90_000,
) {
  const variables: Record<string, string> = { 'ups.delay.shutdown': '20' };
  let attempts = 0;
  const fake = await FakeNutServer.start(t, async (line, socket) => {
    const [, variable = '', value = ''] = /^SET VAR rack (\S+) (\S+)/.exec(line) ?? [];
    if (line.startsWith('LIST CMD')) socket.write(listOf('CMD', 'shutdown.return'));
    else if (line.startsWith('LIST RW')) socket.write(listOf('RW', 'ups.delay.shutdown "20"'));
    else if (line.startsWith('LIST VAR')) socket.write(listOfVariables('rack', variables));
    else if (line.startsWith('INSTCMD')) {
      attempts += 1;
      const reply = await instant(attempts, line);
      if (reply === '') socket.destroy();
      else socket.write(reply);
    } else if (line.startsWith('GET TRACKING')) socket.write('SUCCESS\n');
    else {
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
  return { cut, fake, hindrances, commands, stillUp: () => stillUp, variables };
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
  const { cut, commands } = await deskOf(t, true, () => taken);
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
  const { cut, commands } = await deskOf(t, true, (attempt) => (attempt === 2 ? '' : taken));
  await cut.cut();
  t.match(await cut.takeBack(), /taken back/);
  t.same(commands(), [...cutAndStop, 'INSTCMD rack shutdown.stop']);
});

t.test('a UPS that cannot take it back: told, with how long is left', async (t) => {
  const { cut } = await deskOf(t, true, (attempt) => (attempt === 1 ? taken : 'ERR CMD-NOT-SUPPORTED\n'));
  await cut.cut();
  t.match(
    await cut.takeBack(),
    /^its output goes off in 1[12]\d s all the same, .*shutdown\.stop.*power this host off/,
  );
});

t.test('who is still up shortly before the output goes off, is told so', async (t) => {
  const { cut, stillUp, variables } = await deskOf(t, true, () => taken, 500);
  // What the cuts together may take, and the halt.
  variables['ups.delay.shutdown'] = '16';
  await cut.cut();
  await until(() => stillUp() === 1, { what: 'half of the delay is over' });
  t.match(await cut.takeBack(), /taken back/);
});

t.test('a stop that the UPS does not confirm is told as that, and told again until it does', async (t) => {
  const { cut, commands } = await deskOf(t, true, (attempt) => (attempt === 2 ? 'OK\n' : taken));
  await cut.cut();
  t.match(
    await cut.takeBack(),
    /^its output is told to stay on; the UPS has not confirmed it: .* in 1[12]\d s$/,
  );
  t.equal(await cut.takeBack(), undefined, 'once');
  await until(() => commands().length === 3, { what: 'it is told again' });
  t.same(commands(), [...cutAndStop, 'INSTCMD rack shutdown.stop']);
});

t.test('a stop that is still repeated does not undo the next cut', async (t) => {
  const { cut, commands } = await deskOf(t, true, () => 'OK\n');
  await cut.cut();
  await cut.takeBack();
  await cut.cut();
  t.match(await cut.takeBack(), /not confirmed/);
  t.same(commands(), [...cutAndStop, ...cutAndStop]);
});

t.test('a cut that is under way is taken back, too', async (t) => {
  await t.test('before it is ordered: it never is', async (t) => {
    const { cut, commands, fake } = await deskOf(t, true, () => taken);
    const cutting = cut.cut();
    t.equal(await cut.takeBack(), undefined);
    t.match(await cutting, /^its output is not cut: that was taken back/);
    t.same(commands(), []);
    t.notMatch(fake.received.map(({ line }) => line).join(' '), 'SET VAR');
    t.match(await cut.cut(), /^its output goes off/, 'one that is asked for later is carried out');
  });
  await t.test('while it is ordered: stopped behind it, and not ordered again', async (t) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { cut, commands } = await deskOf(t, true, (attempt) => (attempt === 1 ? promise : taken));
    const cutting = cut.cut();
    await until(() => commands().length === 1, { what: 'it is ordered' });
    const takingBack = cut.takeBack();
    // Its answer is lost.
    resolve('');
    t.match(await takingBack, /stays on: the cut is taken back/);
    t.match(await cutting, /^its output is not cut/);
    t.same(commands(), cutAndStop);
  });
});

t.test('another cut may hold the power-off up: the output goes off that much later', async (t) => {
  const { cut, variables } = await deskOf(t, true, () => taken, 50_000);
  variables['ups.delay.shutdown'] = '60';
  t.match(await cut.cut(), /^its output goes off in 120 s/, '65 s are needed');
});
