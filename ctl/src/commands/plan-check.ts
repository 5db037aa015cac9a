import type { Command } from '../context.ts';
import { optional } from '../core/command-definition.ts';
import { findingLines } from '../core/plan-text.ts';
import { printable } from '../core/printable.ts';
import { findingJson } from '../output/plan-json.ts';
import { checkPlan, readPlan } from '../read-plans.ts';

export const command: Command = {
  definition: {
    name: 'plan check',
    group: 'runs',
    summary: 'refuse plans that can never work',
    description: [
      'Compiles a plan, or every plan of the site, in both modes, and tells what is wrong with it, each with its line in the configuration: circles, a node that is powered off before something that depends on it, a coordinator that is not the last, a step without a bound, a gate on a node that is off already. What may not work is a warning.',
      'It ends with success when there is no error, whatever the warnings. It looks at the configuration that the manager has read; of a file that it has not read yet, hecate-manager --check --config FILE tells the same.',
    ],
    arguments: [
      {
        ...optional({
          name: 'NAME',
          description: 'the plan; every plan of the site when it is left out',
          isRequired: false,
          isVariadic: false,
          completion: 'plans',
        }),
      },
    ],
    options: [],
    examples: [
      { command: 'hecatectl plan check', explanation: 'every plan of the site' },
      { command: 'hecatectl plan check shutdown', explanation: 'the shutdown only' },
    ],
    exits: ['notFound'],
    schema: 'plan-findings',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const given = invocation.operand('NAME');
    const names = given === undefined ? (await readPlan(context, '')).names : [given];
    const checked = [];
    for (const name of names) checked.push(await checkPlan(context, name));
    const hasError = checked.some(({ findings }) => findings.some(({ isError }) => isError));
    if (out.isJson) {
      out.json(
        checked.flatMap(({ name, findings }) =>
          findings.map((finding) => ({ plan: name, ...findingJson(finding) })),
        ),
      );
      return hasError ? 'usage' : 'success';
    }
    for (const { name, findings } of checked) {
      if (findings.length === 0) out.note(printable(`${name}: nothing is wrong`));
      else out.line(printable(`${name}:`));
      for (const line of findings.flatMap((each) => findingLines(each, out.paint.bind(out))))
        out.line(`  ${line}`);
    }
    if (checked.length === 0) out.note('no plan is there: the configuration declares no nodes (inventory)');
    return hasError ? 'usage' : 'success';
  },
};
