/** hecatectl: finds the command, reads its line, runs it, and ends by the table of exit codes. */
import { asHecateError, errorTable, HecateError } from '@hecate/proto/core/errors.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { commandNames, loadCommand, loadDefinitions } from './commands/index.ts';
import { type Command, Context, type End } from './context.ts';
import { findCommand, parseLine } from './core/command-line.ts';
import { exitNumber } from './core/exit-status.ts';
import { bindInvocation, type Invocation } from './core/invocation.ts';
import { earlyOptions, globalOptions } from './global-options.ts';
import { endProcess } from './io/end-process.ts';
import { interruptSignal } from './io/interrupt.ts';
import { type Format, Output, wantsColour } from './io/output.ts';

const plainOutput = (): Output =>
  new Output({ format: 'table', hasLegend: true, isQuiet: false, hasColour: false });

function outputOf(invocation: Invocation): Output {
  return new Output({
    format: (invocation.text('output') ?? 'table') as Format,
    hasLegend: !invocation.flag('no-legend'),
    isQuiet: invocation.flag('quiet'),
    hasColour: wantsColour(1, process.env),
  });
}

function unknownCommand(name: string): HecateError {
  const [group = ''] = name.split(' ');
  const verbs = commandNames.filter((each) => each.startsWith(`${group} `)).map((each) => each.split(' ')[1]);
  if (verbs.length > 0)
    return new HecateError(
      'HEC_USAGE',
      `${group} is the first word of commands, and another one must follow: ${verbs.join(', ')}`,
      `hecatectl ${group} --help`,
    );
  const near = nearestWord(name, commandNames);
  return new HecateError(
    'HEC_USAGE',
    `there is no command ${JSON.stringify(name.slice(0, 60))}`,
    near ? `did you mean hecatectl ${near}?` : 'hecatectl --help lists them',
  );
}

/** A token on a command line is in the shell's history and in /proc for everybody: refused, and said why. */
function refuseSecrets(argv: readonly string[]): void {
  if (!argv.some((word) => word.includes('hecate-join-'))) return;
  throw new HecateError(
    'HEC_USAGE',
    'a join token on the command line can be read by every user of this host',
    'give it on stdin or with --token-file FILE; and since others may have seen it: revoke it and make a new one',
  );
}

async function help(name: string): Promise<void> {
  const out = plainOutput();
  const texts = await import('./core/help-text.ts');
  const definition = commandNames.includes(name) ? (await loadCommand(name)).definition : undefined;
  if (!definition && name !== '') {
    const group = (await loadDefinitions()).filter((each) => each.name.startsWith(`${name} `));
    if (group.length === 0) throw unknownCommand(name);
    for (const each of group) out.line(`hecatectl ${each.name}: ${each.summary}`);
  } else if (definition) out.line(texts.commandHelp(definition, globalOptions));
  else out.line(texts.programHelp(await loadDefinitions(), globalOptions));
  out.flush();
}

async function readInvocation(command: Command, rest: readonly string[]): Promise<Invocation> {
  const { definition } = command;
  const options = [...definition.options, ...globalOptions];
  const line =
    parseLine(rest, options) ??
    (await import('./commander-line.ts')).parseWithCommander(definition, options, rest);
  return bindInvocation(definition, options, line);
}

/** What does not end by itself when it is interrupted (a name lookup, a read of stdin) is left behind. */
const interruptGraceMs = 1000;

function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(new HecateError('HEC_CANCELLED', 'interrupted'));
    signal.addEventListener('abort', () => setTimeout(giveUp, interruptGraceMs), { once: true });
  });
}

async function runCommand(command: Command, invocation: Invocation): Promise<End> {
  const out = outputOf(invocation);
  const interrupted = interruptSignal();
  // An operation goes on without its reader: its exit status still counts.
  const signal = command.definition.isStream
    ? AbortSignal.any([interrupted, out.readerGone.signal])
    : interrupted;
  const context = new Context(invocation, out, signal);
  try {
    if (!command.definition.isWithoutManager) await context.useConfig();
    return await Promise.race([command.run(context), givenUp(signal)]);
  } catch (error) {
    // The reader of a stream has seen enough: `hecatectl logs -f … | head`.
    if (out.readerGone.signal.aborted && asHecateError(error).code === 'HEC_CANCELLED') return 'success';
    if (interrupted.aborted && asHecateError(error).code === 'HEC_CANCELLED') {
      // To end a stream so is the ordinary way; with anything else, an answer is missing.
      if (!command.definition.isStream) out.error('hecatectl: interrupted before the answer came');
      return 'interrupted';
    }
    throw error;
  } finally {
    out.flush();
    await context.close();
  }
}

async function dispatch(argv: readonly string[]): Promise<End> {
  if (argv[0] === '__complete') return complete(argv[1] ?? '', argv[2] ?? '');
  refuseSecrets(argv);
  const { name, rest } = findCommand(argv, earlyOptions, new Set(commandNames));
  const ownWords = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  const wantsHelp = ownWords.some((word) => word === '--help' || word === '-h');
  if (name === 'help' || wantsHelp) {
    const named = name === 'help' ? ownWords.filter((word) => !word.startsWith('-')).join(' ') : name;
    await help(named);
    return 'success';
  }
  if (name === '') {
    if (rest.includes('--version')) return runCommandNamed('version', ['--client']);
    await help('');
    return rest.length === 0 ? 'usage' : 'success';
  }
  return runCommandNamed(name, rest);
}

/** For the completion scripts: silent whatever happens, because somebody is in the middle of typing. */
async function complete(kind: string, node: string): Promise<End> {
  try {
    await (await import('./complete-words.ts')).completeWords(kind, node);
    return 'success';
  } catch {
    return 'unavailable';
  }
}

async function runCommandNamed(name: string, rest: readonly string[]): Promise<End> {
  if (!commandNames.includes(name)) throw unknownCommand(name);
  const command = await loadCommand(name);
  return runCommand(command, await readInvocation(command, rest));
}

/** What, why, and what to do next. */
export function errorLines(error: HecateError): string[] {
  const lines = [`hecatectl: ${error.message} (${error.code})`];
  if (error.remedy !== '') lines.push(`  next: ${error.remedy}`);
  if (error.code === 'HEC_INTERNAL' && error.cause instanceof Error) lines.push(error.cause.stack ?? '');
  return lines;
}

export async function main(argv: readonly string[]): Promise<number> {
  try {
    const end = await dispatch(argv);
    return typeof end === 'number' ? end : exitNumber(end);
  } catch (thrown) {
    const error = asHecateError(thrown);
    const { printableLines } = await import('./core/printable.ts');
    for (const line of errorLines(error).flatMap(printableLines)) plainOutput().error(line);
    return exitNumber(errorTable[error.code].exit);
  }
}

/** Runs the command line of this process and ends it. */
export async function run(): Promise<void> {
  endProcess(await main(process.argv.slice(2)));
}

if (import.meta.main) await run();
