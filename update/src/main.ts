/** `hecate-update`: the host of a manager updates its site, one host after the other; every other host itself. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { asHecateError, errorTable, HecateError } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { readFileIfThere } from '@hecate/proto/io/atomic-file.ts';
import { lockDirectory } from '@hecate/proto/io/directory-lock.ts';
import { laggards } from './core/site-update.ts';
import { defaultConfigFile, parseUpdateConfig, type UpdateConfig } from './core/update-config.ts';
import { HostRunner } from './host-runner.ts';
import { otherNodes } from './io/manager-questions.ts';
import { openSource } from './io/open-source.ts';
import { packageToolOfHost } from './io/package-tool.ts';
import { serviceStates } from './io/services.ts';
import { StateFolder } from './io/state-folder.ts';
import { updateSite } from './site-runner.ts';

const help = `hecate-update: new packages of Hecate, verified, installed, and taken back where they do not come up

  hecate-update                     on the manager's host: every host of the site, one after the other, and then this
                                    one; elsewhere this one
  hecate-update --this-host         this host only
  hecate-update --resume            ends an update of this host that was cut short, and begins none
  hecate-update --retry             also a release that did not come up here before

  --config FILE                     default ${defaultConfigFile}; without that file there are no updates
  --version, --help

It ends with 0 when all is on the newest release, with 75 when it was put off (a run goes on, a UPS is on battery), and
with 1 when a host has gone back to its release before.
`;

interface Options {
  readonly configFile: string;
  readonly isThisHost: boolean;
  readonly isRetry: boolean;
  readonly isResume: boolean;
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string', short: 'c', default: defaultConfigFile },
        'this-host': { type: 'boolean', default: false },
        retry: { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) process.stdout.write(help);
    else if (values.version) process.stdout.write(`hecate-update ${softwareVersion}\n`);
    else {
      const { config: configFile, 'this-host': isThisHost, retry: isRetry, resume: isResume } = values;
      return { configFile, isThisHost, isRetry, isResume };
    }
    return undefined;
  } catch (thrown) {
    throw new HecateError('HEC_USAGE', asHecateError(thrown).message, 'hecate-update --help');
  }
}

const holder = { program: 'update', remedy: 'systemctl status hecate-update.service' };

const tell = (sentence: string): void => void process.stdout.write(`${sentence}\n`);

async function readConfig(file: string): Promise<UpdateConfig | undefined> {
  const text = await readFileIfThere(file);
  if (text !== undefined) return parseUpdateConfig(text, file);
  if (file !== defaultConfigFile)
    throw new HecateError('HEC_CONFIG', `${file}: there is no such file`, 'check the path');
  tell(`no updates are configured: there is no ${file}`);
  return undefined;
}

async function main(): Promise<number> {
  const options = readOptions();
  const config = options && (await readConfig(options.configFile));
  if (!options || !config) return exitCodes.success.code;
  if (!options.isThisHost && !options.isResume) {
    const end = await updateOthers();
    if (end !== 'own-host') return exitCodes[end === 'failed' ? 'failed' : 'unavailable'].code;
  }
  const folder = await StateFolder.open(config.stateDirectory);
  const lock = await lockDirectory(config.stateDirectory, holder);
  try {
    const tool = await packageToolOfHost();
    const source = openSource(config, tool.format, tell);
    const { healthTimeLimitMs } = config;
    const runner = new HostRunner({ folder, tool, source, healthTimeLimitMs, tell });
    const outcome = options.isResume
      ? ((await runner.resume()) ?? 'current')
      : await runner.run(options.isRetry);
    if (outcome === 'updated' || outcome === 'current') return exitCodes.success.code;
    return exitCodes[outcome === 'postponed' ? 'unavailable' : 'failed'].code;
  } finally {
    await lock.release();
  }
}

/** Only the manager's host has others. */
async function updateOthers(): Promise<'own-host' | 'postponed' | 'failed'> {
  const manager = (await serviceStates()).find(({ name }) => name === 'hecate-manager.service');
  if (!manager?.isActive) return 'own-host';
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const end = await updateSite(await otherNodes(bootId), tell);
  if (end !== 'own-host') return end;
  const behind = laggards(await otherNodes(bootId), softwareVersion);
  if (behind.length === 0) return 'own-host';
  const what = 'one minor version apart works, and these would be two';
  tell(
    `${softwareVersion} stays here: ${what}: ${behind.join(', ')}; is ${defaultConfigFile} there, and what does its source offer?`,
  );
  return 'failed';
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const { code, message, remedy } = asHecateError(thrown);
  process.stderr.write(`hecate-update: ${message} (${code})\n${remedy === '' ? '' : `  next: ${remedy}\n`}`);
  process.exitCode = exitCodes[errorTable[code].exit].code;
}
