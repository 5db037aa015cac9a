import type { UnitProperty } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { showBusValue } from '../core/bus-text.ts';
import { allNodesOption, nodeArgument, unitsArgument } from '../core/command-definition.ts';
import { printable } from '../core/printable.ts';
import { expandUnits, failuresJson, forEachUnit, readNodes } from '../read-nodes.ts';

interface Shown {
  readonly node: string;
  readonly unit: string;
  readonly properties: readonly UnitProperty[];
}

const shownJson = ({ node, unit, properties }: Shown): Record<string, unknown> => ({
  node,
  unit,
  properties: Object.fromEntries(properties.map(({ name, value }) => [name, showBusValue(value).json])),
});

export const command: Command = {
  definition: {
    name: 'show',
    group: 'look',
    summary: 'show the properties of units',
    description: [
      'Prints every D-Bus property of units as NAME=VALUE, for reading by programs. -o json keeps the type of each value (a D-Bus signature); 64-bit integers are decimal text there, so that not a bit is lost.',
    ],
    arguments: [nodeArgument, unitsArgument],
    options: [
      allNodesOption,
      {
        long: 'property',
        short: 'p',
        valueName: 'NAME',
        isRepeatable: true,
        description: 'only these properties',
      },
      { long: 'value', description: 'only the values, without NAME=' },
    ],
    examples: [
      { command: 'hecatectl show node-a k3s -p ActiveState,MainPID', explanation: 'two properties' },
      { command: 'hecatectl show node-a k3s -p MainPID --value', explanation: 'the process id alone' },
    ],
    exits: ['notFound', 'offline', 'failed', 'timeout'],
    schema: 'properties',
  },
  run: async (context) => {
    const { invocation, out } = context;
    const found: Shown[] = [];
    const properties = invocation.texts('property');
    const result = await forEachUnit(await expandUnits(context, context.units), (unit, nodes) =>
      readNodes(
        context,
        { case: 'showUnit', value: { unit, properties } },
        (node, reading) => {
          if (reading.case !== 'result' || reading.value.result.case !== 'unitProperties') return;
          found.push({ node, unit, properties: reading.value.result.value.properties });
        },
        { nodes, unit },
      ),
    );
    for (const name of properties) {
      if (found.length === 0 || found.some((shown) => shown.properties.some((each) => each.name === name)))
        continue;
      out.note(`no property ${printable(name)}: names are as systemd writes them, like ActiveState`);
    }
    found.sort((a, b) => a.node.localeCompare(b.node) || a.unit.localeCompare(b.unit));
    if (out.isJson) out.json([...found.map(shownJson), ...failuresJson(result)]);
    else {
      for (const [index, shown] of found.entries()) {
        if (index > 0) out.line('');
        if (found.length > 1)
          out.line(out.paint(`# ${printable(shown.node)} ${printable(shown.unit)}`, 'faint'));
        for (const { name, value } of shown.properties) {
          const text = printable(showBusValue(value).text);
          out.line(invocation.flag('value') ? text : `${printable(name)}=${text}`);
        }
      }
    }
    return result.exit;
  },
};
