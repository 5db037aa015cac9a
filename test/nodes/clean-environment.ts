/**
 * The test runner instruments every Node.js process below it by adding to the environment of each child process,
 * behind the back of whoever started it. A process inside a node must not have that: it would look for the
 * runner's files there, and weigh more than it does on a host. What the caller asked for passes under another
 * name, and the shell that execs the process puts it back.
 */
const carrier = 'HECATE_NODE_OPTIONS';

/** Environment variables for a process that begins with {@link cleanEnvironmentScript}. */
export function carriedEnvironment(env: Record<string, string>): Record<string, string> {
  const { NODE_OPTIONS: wanted, ...kept } = env;
  return { ...kept, ...(wanted === undefined ? {} : { [carrier]: wanted }) };
}

/** This process's own environment, without what its test runner put there. */
export function ownEnvironment(): Record<string, string> {
  const set = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const { NODE_OPTIONS: _instrumented, ...rest } = Object.fromEntries(set);
  return rest;
}

/** What the runner adds besides NODE_OPTIONS: without it inert, but no part of a host's environment. */
const runnerNames =
  'CWD COVERAGE COV_EXCLUDE COV_EXCLUDE_FILES COV_FILES EXCLUDE EXTERNAL_ID PARENT PID PPID ROOT UUID'
    .split(' ')
    .map((name) => `_TAPJS_PROCESSINFO_${name}_`);

/** First lines of a shell script: leaves the environment that was asked for. */
export const cleanEnvironmentScript = `unset NODE_OPTIONS ${runnerNames.join(' ')}
if [ -n "\${${carrier}:-}" ]; then export NODE_OPTIONS="$${carrier}"; unset ${carrier}; fi
`;
