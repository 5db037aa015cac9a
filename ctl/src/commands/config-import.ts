import { readFile } from 'node:fs/promises';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { writeNewFile } from '@hecate/proto/io/new-file.ts';
import type { Command, Context, End } from '../context.ts';
import { importBluechi } from '../core/import/bluechi.ts';
import { type Imported, noteText } from '../core/import/imported.ts';

/** They allow lines of 500 characters; a thousand nodes are 64 KB. */
const fileLengthMax = 1024 * 1024;

async function readOne(name: string) {
  const text = await readFile(name, 'utf8').catch((thrown: unknown) => {
    const remedy = 'name the file of BlueChi or Hirte, such as /etc/bluechi/controller.conf';
    throw new HecateError('HEC_USAGE', `${name}: cannot be read: ${asHecateError(thrown).message}`, remedy);
  });
  if (text.length > fileLengthMax)
    throw new HecateError('HEC_CONFIG', `${name}: found more than ${fileLengthMax} characters`);
  return { name, text };
}

async function write(path: string, text: string): Promise<void> {
  await writeNewFile(path, text, 0o644).catch((thrown: unknown) => {
    const { message } = asHecateError(thrown);
    throw new HecateError(
      'HEC_USAGE',
      `${path}: cannot be written: ${message}`,
      'name a file that is not there',
    );
  });
}

async function run({ invocation, out }: Context): Promise<End> {
  const from = invocation.texts('from');
  if (from.length === 0)
    throw new HecateError(
      'HEC_USAGE',
      'name the file to import: --from FILE',
      'hecatectl config import --help',
    );
  const files = await Promise.all(from.map(readOne));
  const kind = invocation.text('as') as Imported['kind'] | undefined;
  const imported = importBluechi(files, kind);
  const to = invocation.text('to');
  if (to !== undefined) await write(to, imported.text);
  if (out.isJson) {
    const notes = imported.notes.map((note) => ({ ...note }));
    out.json({ kind: imported.kind, to: to ?? null, text: imported.text, notes });
    return 'success';
  }
  if (to === undefined) for (const line of imported.text.trimEnd().split('\n')) out.line(line);
  for (const note of imported.notes) out.note(`not as it was there: ${noteText(note)}`);
  return 'success';
}

export const command: Command = {
  definition: {
    name: 'config import',
    group: 'fleet',
    summary: 'make a configuration out of one of BlueChi or Hirte',
    description: [
      'Reads [bluechi-controller] or [hirte] and writes a hecate.yaml; reads [bluechi-agent] or [hirte-agent] and writes an agent.conf. What has no equivalent, and what is not quite the same, is told on stderr and stands in the file as comments.',
      'Of several files, such as those of a .conf.d, a later one overrules an earlier one, as in BlueChi. Node names are lower case here.',
    ],
    arguments: [],
    options: [
      {
        long: 'from',
        valueName: 'FILE',
        isRepeatable: true,
        description: 'their file, or several in the order in which they read them',
        completion: 'files',
      },
      {
        long: 'to',
        valueName: 'FILE',
        description: 'write it there instead of to stdout; must not exist yet',
        completion: 'files',
      },
      {
        long: 'as',
        valueName: 'KIND',
        description: 'which of the two, where the files configure both',
        choices: ['manager', 'agent'],
      },
    ],
    examples: [
      {
        command: 'hecatectl config import --from /etc/bluechi/controller.conf --to hecate.yaml',
        explanation: 'then: hecate-manager --check --config hecate.yaml',
      },
      {
        command: 'hecatectl config import --from /etc/hirte/agent.conf',
        explanation: 'prints an agent.conf',
      },
    ],
    exits: [],
    schema: 'config-import',
    isWithoutManager: true,
  },
  run,
};
