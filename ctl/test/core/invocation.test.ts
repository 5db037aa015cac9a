import t from 'tap';
import { loadCommand } from '../../src/commands/index.ts';
import { parseLine } from '../../src/core/command-line.ts';
import { bindInvocation, type Invocation } from '../../src/core/invocation.ts';
import { globalOptions } from '../../src/global-options.ts';

async function bind(name: string, ...argv: string[]): Promise<Invocation> {
  const { definition } = await loadCommand(name);
  const options = [...definition.options, ...globalOptions];
  const line = parseLine(argv, options);
  if (!line) throw new Error(`not plainly well formed: ${argv.join(' ')}`);
  return bindInvocation(definition, options, line);
}

t.test('words to arguments', async (t) => {
  const started = await bind('start', 'node-a', 'k3s', 'x.timer');
  t.same([started.operands('NODE'), started.operands('UNIT')], [['node-a'], ['k3s', 'x.timer']]);
  t.same((await bind('list-units')).operands('NODE'), []);
});

t.test('--all takes the place of NODE, where there is one to replace', async (t) => {
  const started = await bind('start', '--all', 'k3s');
  t.same([started.operands('NODE'), started.operands('UNIT')], [[], ['k3s']]);
  await t.rejects(bind('start', '--all'), { code: 'HEC_USAGE', message: /UNIT is missing/ });
  await t.rejects(bind('get-default', '--all', 'node-a'), { message: /one word too many; with --all/ });
  const listed = await bind('list-units', '--all', 'node-a');
  t.same(listed.operands('NODE'), ['node-a'], 'in list-units it means inactive units, as with systemctl');
});

t.test('what is wrong is said, with the way it should be', async (t) => {
  await t.rejects(bind('start'), {
    message: /NODE \(or --all\) is missing/,
    remedy: /usage: hecatectl start/,
  });
  await t.rejects(bind('start', 'a'), { message: /UNIT is missing/ });
  await t.rejects(bind('metrics', 'a'), { message: /one word too many/ });
  await t.rejects(bind('start', 'a', 'b', '-o', 'jsom'), { message: /did you mean json\?/ });
  await t.rejects(bind('list-units', '--type', 'service,timre'), { message: /did you mean timer\?/ });
  await t.rejects(bind('set-log-level', 'loud'), { message: /LEVEL cannot be "loud"/ });
});

t.test('options', async (t) => {
  const listed = await bind('list-units', '--state', 'failed,active', '--state=x');
  t.same(listed.texts('state'), ['failed', 'active', 'x']);
  t.equal(listed.flag('quiet'), false);
  t.equal((await bind('list-units', '-o', 'json', '-ojsonl')).text('output'), 'jsonl', 'the last one counts');
  t.throws(() => listed.flag('no-such'), /has no option/, 'a fault of ours, not of the user');
});
