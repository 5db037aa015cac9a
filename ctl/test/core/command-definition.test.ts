import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import t from 'tap';
import { commandNames, loadCommand } from '../../src/commands/index.ts';
import { optionFlags, usageLine } from '../../src/core/command-definition.ts';
import { globalOptions } from '../../src/global-options.ts';

t.test('every definition is complete and consistent', async (t) => {
  for (const name of commandNames) {
    const { definition } = await loadCommand(name);
    t.equal(definition.name, name);
    t.ok(
      existsSync(resolve(import.meta.dirname, `../../src/commands/${name.replace(' ', '-')}.ts`)),
      `${name} has a file of its own`,
    );
    t.notMatch(definition.summary, /\.$|\n/);
    t.ok(definition.summary.length <= 60, `${name}: a short summary`);
    t.ok(
      definition.description.length > 0 && definition.examples.length > 0,
      `${name} is described, with an example`,
    );
    t.ok(definition.exits.every((exit) => exit in exitCodes));
    const longs = [...definition.options, ...globalOptions].map(({ long }) => long);
    const shorts = [...definition.options, ...globalOptions].flatMap(({ short }) => (short ? [short] : []));
    t.equal(new Set(longs).size, longs.length, `${name}: no option twice`);
    t.equal(new Set(shorts).size, shorts.length, `${name}: no short option twice`);
    t.ok(
      definition.arguments.slice(0, -1).every(({ isVariadic }) => !isVariadic),
      `${name}: only the last takes all`,
    );
    t.ok(definition.examples.every(({ command }) => command.includes('hecatectl')));
    const hasSchema =
      definition.schema && existsSync(resolve(import.meta.dirname, `../../schema/${definition.schema}.json`));
    t.ok(hasSchema || ['completion', 'daemon'].includes(name), `${name} has a schema`);
  }
});

t.test('how they are shown', async (t) => {
  t.equal(usageLine((await loadCommand('start')).definition), 'hecatectl start [OPTIONS] NODE UNIT...');
  t.equal(usageLine((await loadCommand('status')).definition), 'hecatectl status [OPTIONS] [NODE] [UNIT...]');
  t.equal(optionFlags({ long: 'x', short: 'y', valueName: 'Z', description: '' }), '-y, --x Z');
});
