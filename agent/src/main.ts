/** `hecate-agent`: the commands, and what they end with. */
import { parseArgs } from 'node:util';
import { asHecateError, errorTable, HecateError } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { redactJoinTokens } from '@hecate/proto/core/join-token.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import type { CommandOptions } from './commands/command-options.ts';

const help = `hecate-agent: applies unit operations through systemd for a manager

  hecate-agent [run]                join this host's systemd to the manager (default)
  hecate-agent join                 turn a join token, read from standard input, into an identity
       --token-file FILE            read the token from FILE instead
  hecate-agent check                look at configuration, policy, identity, bus and manager; say what is wrong
  hecate-agent version

  --config FILE                     default /etc/hecate/agent.conf
  --user                            serve the systemd of this user (files under ~/.config and ~/.local/state)

SIGHUP reads the policy again; SIGTERM ends in order: running jobs go on, and are reported after the next start.
A token is never an argument: arguments can be read by every user of the host.
`;

function readOptions(argv: string[]): { command: string; options: CommandOptions } | undefined {
  // Before anything can be said about it: an argument is seen by everybody in the list of processes.
  if (argv.some((argument) => argument.includes('hecate-join-'))) {
    throw new HecateError(
      'HEC_USAGE',
      'a join token was given as an argument, where every user of this host can read it',
      'revoke it (hecatectl node revoke NAME), make a new one, and give it on standard input: hecate-agent join',
    );
  }
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      user: { type: 'boolean', default: false },
      'token-file': { type: 'string' },
      version: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command = 'run', ...rest] = positionals;
  if (values.help || command === 'help') {
    process.stdout.write(help);
    return undefined;
  }
  if (values.version || command === 'version') {
    process.stdout.write(`hecate-agent ${softwareVersion}\n`);
    return undefined;
  }
  if (rest.length > 0) throw new HecateError('HEC_USAGE', `${command} takes no argument ${rest[0]}`);
  const tokenFile = values['token-file'];
  if (tokenFile !== undefined && command !== 'join')
    throw new HecateError('HEC_USAGE', '--token-file belongs to join');
  return { command, options: { configFile: values.config, isUser: values.user, tokenFile } };
}

async function runCommand(command: string, options: CommandOptions): Promise<number> {
  switch (command) {
    case 'run':
      return (await import('./commands/run.ts')).run(options);
    case 'join':
      return (await import('./commands/join.ts')).join(options);
    case 'check':
      return (await import('./commands/check.ts')).check(options);
    default:
      throw new HecateError(
        'HEC_USAGE',
        `${JSON.stringify(command)} is not a command`,
        'hecate-agent --help',
      );
  }
}

function asUsage(thrown: unknown): HecateError {
  const isArgument =
    thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS');
  return isArgument
    ? new HecateError('HEC_USAGE', thrown.message, 'hecate-agent --help', thrown)
    : asHecateError(thrown);
}

try {
  const parsed = readOptions(process.argv.slice(2));
  if (parsed) process.exitCode = await runCommand(parsed.command, parsed.options);
} catch (thrown) {
  const error = asUsage(thrown);
  const next = error.remedy ? `\n  ${error.remedy}` : '';
  process.stderr.write(redactJoinTokens(`hecate-agent: ${error.message}${next}\n`));
  if (error.code === 'HEC_INTERNAL' && error.cause instanceof Error)
    process.stderr.write(`${error.cause.stack}\n`);
  process.exitCode = exitCodes[errorTable[error.code].exit].code;
}
