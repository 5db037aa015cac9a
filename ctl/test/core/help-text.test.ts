import t from 'tap';
import { commandNames, loadCommand, loadDefinitions } from '../../src/commands/index.ts';
import { commandHelp, programHelp, wrap } from '../../src/core/help-text.ts';
import { globalOptions } from '../../src/global-options.ts';

t.test('every command is in the help of the program', async (t) => {
  const text = programHelp(await loadDefinitions(), globalOptions);
  for (const name of commandNames) t.match(text, new RegExp(`^  ${name} `, 'm'), name);
});

t.test('the help of a command names every argument, option and example', async (t) => {
  for (const name of commandNames) {
    const { definition } = await loadCommand(name);
    const text = commandHelp(definition, globalOptions);
    for (const { long } of [...definition.options, ...globalOptions]) t.match(text, `--${long}`);
    for (const argument of definition.arguments) t.match(text, argument.name);
    for (const { command } of definition.examples) t.match(text, command);
    t.ok(
      text.split('\n').every((line) => line.length <= 130),
      `${name}: no line is too long`,
    );
  }
});

t.test('wrapping loses nothing', async (t) => {
  const text = 'one two three four five six seven';
  t.equal(wrap(text, 10).join(' '), text);
  t.ok(wrap(text, 10).every((line) => line.length <= 10));
});
