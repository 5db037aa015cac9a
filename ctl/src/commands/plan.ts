import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Command } from '../context.ts';
import { findingLines, planLines } from '../core/plan-text.ts';
import { planJson } from '../output/plan-json.ts';
import { readPlan } from '../read-plans.ts';
import { modeOf, modeOption } from '../start-run.ts';

export const command: Command = {
  definition: {
    name: 'plan',
    group: 'runs',
    summary: 'show what a run would do, step by step',
    description: [
      'Shows a plan as the manager would carry it out now: its stages, steps, operations and gates, how long each is expected to take (learnt of the last ten runs where there were any) and at most can take, from which step on it cannot be aborted, and what it may be shortened to when a run is given a time limit.',
      'The same configuration gives the same plan and the same digest: a run with --plan-digest is refused when the plan has changed since.',
      'A plan that can never work is not shown: each of its errors is, with its line in the configuration, and the exit status is that of a wrong configuration.',
    ],
    arguments: [
      {
        name: 'NAME',
        description: 'startup, shutdown, or a declared sequence; hecatectl plan list shows them',
        isRequired: true,
        isVariadic: false,
        completion: 'plans',
      },
    ],
    options: [
      modeOption,
      {
        long: 'ups',
        valueName: 'NAME',
        isRepeatable: true,
        description:
          'the shutdown as this UPS asks for it when it gives out, in the mode of power.mode; several: when all of them do',
      },
    ],
    examples: [
      { command: 'hecatectl plan shutdown', explanation: 'the shutdown of the whole site' },
      {
        command: 'hecatectl plan shutdown --mode cluster-only -o json',
        explanation: 'without the poweroffs, for a program',
      },
      {
        command: 'hecatectl plan shutdown --ups rack-a',
        explanation: 'what goes down when rack-a alone gives out',
      },
    ],
    exits: ['notFound'],
    schema: 'plan',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const name = invocation.operand('NAME') ?? '';
    const upses = invocation.texts('ups');
    if (upses.length > 0 && invocation.text('mode') !== undefined)
      throw new HecateError('HEC_USAGE', '--ups and --mode together', 'the mode is that of power.mode');
    const plan = await readPlan(context, name, modeOf(context), upses);
    const paint = out.paint.bind(out);
    if (out.isJson) {
      out.json(planJson(plan));
      return plan.digest === '' ? 'usage' : 'success';
    }
    if (plan.digest !== '') {
      for (const line of planLines(plan, paint)) out.line(line);
      return 'success';
    }
    for (const line of plan.findings.flatMap((finding) => findingLines(finding, paint))) out.error(line);
    const message = `${name} can never work as it is declared`;
    throw new HecateError(
      'HEC_PLAN',
      message,
      'correct the configuration, then: systemctl reload hecate-manager',
    );
  },
};
