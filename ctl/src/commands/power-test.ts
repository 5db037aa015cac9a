import { HecateError } from '@hecate/proto/core/errors.ts';
import { createPlayScenario } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';
import { readScenario } from '../io/read-scenario.ts';

export const command: Command = {
  definition: {
    name: 'power test',
    group: 'runs',
    summary: 'play a recorded discharge through the decision',
    description: [
      "Plays a discharge through the decision with this site's own figures (budget, factor, looks), and prints what would have been decided, and when. No UPS, no node and no state is touched.",
      'A scenario is a text with one look a line: time, status, runtime in seconds, charge in percent, load in percent, input voltage; what is not told is left empty, and what a line says holds until the next one. "0:10, OB DISCHRG, 1180, 99, 20" is such a line. What the manager would not believe of a UPS it does not believe here. A failed look is data-stale, driver-not-connected, unknown-ups, access-denied or server-lost in the place of the status. What became of the run that was asked for is told by "run past-no-return", "run ended", "run failed" or "run aborted" there; "restart" is one of the manager. Text behind # is a comment.',
      'upslog of NUT records one, up to midnight; the times need not begin with 0.',
    ],
    arguments: [],
    options: [
      {
        long: 'scenario',
        valueName: 'FILE',
        description: 'the recorded discharge',
        completion: 'files',
      },
      {
        long: 'ups',
        valueName: 'NAME',
        description:
          'one of the declared UPSes: its declaration counts, and how often its driver looks and which charge it calls low',
      },
    ],
    examples: [
      { command: 'hecatectl power test --scenario outage.txt', explanation: 'when would it have shut down?' },
    ],
    exits: [],
    schema: 'scenario',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const path = invocation.text('scenario');
    if (path === undefined)
      throw new HecateError('HEC_USAGE', 'no scenario is named', 'hecatectl power test --scenario FILE');
    const text = await readScenario(path);
    const value = createPlayScenario({ text, ups: invocation.text('ups') ?? '' });
    const { lines, triggers } = await context.ask('scenario', { case: 'playScenario', value });
    if (out.isJson) out.json({ triggers, lines });
    else {
      for (const line of lines) out.line(printable(line));
      out.note(triggers ? 'it would have shut down' : 'it would not have shut down');
    }
    return 'success';
  },
};
