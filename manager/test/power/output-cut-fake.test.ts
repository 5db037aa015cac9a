/** Cutting an output before a fake server: what a real driver does not do. */
import t, { type Test } from 'tap';
import { FakeNutServer, listOfVariables } from '../../../test/nut/fake-nut-server.ts';
import { OutputCut } from '../../src/power/output-cut.ts';

const listOf = (kind: string, ...names: string[]): string =>
  `BEGIN LIST ${kind} rack\n${names.map((name) => `${kind} rack ${name}\n`).join('')}END LIST ${kind} rack\n`;

async function deskOf(t: Test, takesDelay: boolean, instant: (attempt: number) => string) {
  const variables: Record<string, string> = { 'ups.delay.shutdown': '20' };
  let attempts = 0;
  const fake = await FakeNutServer.start(t, (line, socket) => {
    const [, variable = '', value = ''] = /^SET VAR rack (\S+) (\S+)/.exec(line) ?? [];
    if (line.startsWith('LIST CMD')) socket.write(listOf('CMD', 'shutdown.return'));
    else if (line.startsWith('LIST RW')) socket.write(listOf('RW', 'ups.delay.shutdown "20"'));
    else if (line.startsWith('LIST VAR')) socket.write(listOfVariables('rack', variables));
    else if (line.startsWith('INSTCMD')) {
      attempts += 1;
      const reply = instant(attempts);
      if (reply === '') socket.destroy();
      else socket.write(reply);
    } else {
      if (variable !== '' && takesDelay) variables[variable] = value;
      socket.write('OK\n');
    }
  });
  const hindrances: (string | undefined)[] = [];
  const cut = new OutputCut({
    nutName: 'rack',
    server: { host: fake.host, port: fake.port, tls: { mode: 'off' } },
    credentials: () => ({ username: 'hecate', password: 'secret' }),
    haltMs: () => 90_000,
    nowMs: () => 1,
    onHindrance: (sentence) => void hindrances.push(sentence),
  });
  const commands = () => fake.received.map(({ line }) => line).filter((line) => line.startsWith('INSTCMD'));
  return { cut, hindrances, commands };
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
