import { asHecateError } from '@hecate/proto/core/errors.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import type { Command, Context } from '../context.ts';
import { exitOfCode } from '../core/exit-status.ts';
import { printable } from '../core/printable.ts';
import { cell } from '../core/table.ts';
import { type Check, localChecks } from '../io/local-checks.ts';

interface Placed extends Check {
  readonly where: string;
}

const place = (where: string, checks: readonly Check[]): Placed[] =>
  checks.map((check) => ({ where, ...check }));

async function reachManager(context: Context): Promise<{ check: Check; code: string }> {
  try {
    const { welcome, address } = await context.manager();
    const detail = `reached at ${address}: release ${welcome.softwareVersion}, you are ${welcome.role}`;
    return { check: { subject: 'manager', isPassed: true, detail, remedy: '' }, code: '' };
  } catch (thrown) {
    const { message, remedy, code } = asHecateError(thrown);
    if (code === 'HEC_CANCELLED') throw thrown;
    return { check: { subject: 'manager', isPassed: false, detail: message, remedy }, code };
  }
}

async function managersChecks(context: Context): Promise<Check[]> {
  const { checks } = await context.ask('health', { case: 'getHealth', value: {} });
  return checks.map(({ name, passed, detail, remedy }) => ({
    subject: name,
    isPassed: passed,
    detail,
    remedy,
  }));
}

async function nodesFindings(context: Context, node: string): Promise<Check[]> {
  const { findings } = await context.ask('diagnosis', { case: 'diagnose', value: { node } });
  return findings.map(({ subject, passed, detail, remedy }) => ({
    subject,
    isPassed: passed,
    detail,
    remedy,
  }));
}

function print(context: Context, checks: readonly Placed[]): void {
  const { out } = context;
  if (out.isJson) {
    out.json(
      checks.map(({ where, subject, isPassed, detail, remedy }) => ({
        where,
        subject,
        is_passed: isPassed,
        detail,
        remedy: remedy === '' ? null : remedy,
      })),
    );
    return;
  }
  const shown = out.style.isQuiet ? checks.filter(({ isPassed }) => !isPassed) : checks;
  out.table(
    [{ title: 'WHERE' }, { title: 'SUBJECT' }, { title: 'RESULT' }, { title: 'FINDING' }],
    shown.map(({ where, subject, isPassed, detail }) => [
      cell(where),
      cell(subject),
      cell(isPassed ? 'ok' : 'NOT OK', isPassed ? 'good' : 'bad'),
      cell(detail),
    ]),
  );
  for (const { isPassed, subject, remedy } of checks) {
    if (!isPassed && remedy !== '') out.line(`next, for ${printable(subject)}: ${printable(remedy)}`);
  }
}

export const command: Command = {
  definition: {
    name: 'doctor',
    group: 'fleet',
    summary: 'find out why a node does not come online',
    description: [
      'Looks from here (socket, name, port, identity) and asks the manager what it has seen of the node: its name, its certificate, refused connections, its clock, its bus. Every finding that is not well comes with its remedy. Without NODE, the way to the manager and the manager itself are examined.',
      'Ends with a no when anything is not well, and as unavailable when the manager cannot be reached.',
    ],
    arguments: [
      {
        name: 'NODE',
        description: 'the node, by its name',
        isRequired: false,
        isVariadic: false,
        completion: 'nodes',
      },
    ],
    options: [],
    examples: [{ command: 'hecatectl doctor node-c', explanation: 'why is node-c not online?' }],
    exits: ['negative'],
    schema: 'diagnosis',
  },
  run: async (context) => {
    const given = context.invocation.operand('NODE');
    const node = given === undefined ? undefined : parseNodeName(given);
    const checks = place('here', await localChecks(context.target, context.identityDirectory, Date.now()));
    const reached = await reachManager(context);
    checks.push(...place('here', [reached.check]));
    if (reached.check.isPassed) {
      checks.push(
        ...(node === undefined
          ? place('manager', await managersChecks(context))
          : place(node, await nodesFindings(context, node))),
      );
    }
    print(context, checks);
    if (!reached.check.isPassed) return exitOfCode(reached.code);
    return checks.every(({ isPassed }) => isPassed) ? 'success' : 'negative';
  },
};
