/** `hecate-agent check`: every part on its own, each finding with its remedy. */

import { connect } from 'node:net';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { formatManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { policySummary } from '../core/policy.ts';
import { isPolicyExpected, readPolicy } from '../io/config-file.ts';
import { openSystemd } from '../io/systemd.ts';
import { loadIdentity } from './agent-identity.ts';
import { type CommandOptions, loadConfig } from './command-options.ts';

interface Finding {
  readonly subject: string;
  readonly passed: boolean;
  readonly detail: string;
  readonly remedy: string;
}

const timeLimitMs = 5000;

export async function check(options: CommandOptions): Promise<number> {
  const findings: Finding[] = [];
  const look = async <T>(subject: string, find: () => Promise<[T, string]>): Promise<T | undefined> => {
    try {
      const [found, detail] = await find();
      findings.push({ subject, passed: true, detail, remedy: '' });
      return found;
    } catch (thrown) {
      const { message, remedy } = asHecateError(thrown);
      findings.push({ subject, passed: false, detail: message, remedy });
      return undefined;
    }
  };
  const loaded = await look('configuration', async () => {
    const found = await loadConfig(options);
    return [found, `${found.file} is valid`];
  });
  if (loaded) {
    const { config } = loaded;
    await look('policy', async () => {
      const policy = await readPolicy(config.policyFile, isPolicyExpected(config));
      return [policy, `${policy.source}: ${policySummary(policy).join(' · ')}`];
    });
    const identity = await look('identity', async () => {
      const found = loadIdentity(config);
      return [found, describe(found.nodeName, found.stored?.notAfterMs)];
    });
    await look('D-Bus', async () => {
      const systemd = await openSystemd({ bus: config.bus });
      try {
        const { value } = await systemd.managerProperty('Version');
        return [undefined, `systemd ${String(value)} answers on the ${config.bus} bus`];
      } finally {
        systemd.close();
      }
    });
    for (const address of identity?.addresses ?? [])
      await look('manager', async () => [undefined, await reach(address)]);
  }
  for (const finding of findings) {
    process.stdout.write(`${finding.passed ? 'ok     ' : 'failed '}${finding.subject}: ${finding.detail}\n`);
    if (!finding.passed && finding.remedy) process.stdout.write(`       ${finding.remedy}\n`);
  }
  return findings.every(({ passed }) => passed) ? 0 : exitCodes.negative.code;
}

function describe(name: string, notAfterMs: number | undefined): string {
  if (notAfterMs === undefined) return `${name}, without a certificate (PlainLoopback=yes)`;
  const until = new Date(notAfterMs).toISOString();
  if (notAfterMs > Date.now()) return `${name}, its certificate is valid until ${until}`;
  throw new HecateError(
    'HEC_TLS',
    `the certificate of ${name} expired at ${until}`,
    `check the clock; else on the manager: hecatectl node enroll ${name}, then here: hecate-agent join`,
  );
}

/** Whether something listens there; who it is, the agent finds out when it runs. */
function reach(address: { host: string; port: number }): Promise<string> {
  const where = formatManagerAddress(address);
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, timeout: timeLimitMs });
    const fail = (why: string): void => {
      socket.destroy();
      const remedy = 'check the address, the firewall, and that hecate-manager runs there';
      reject(new HecateError('HEC_CONNECTION', `no TCP connection to ${where}: ${why}`, remedy));
    };
    socket.once('connect', () => {
      socket.destroy();
      resolve(`${where} takes connections`);
    });
    socket.once('timeout', () => fail(`no answer in ${formatDuration(timeLimitMs)}`));
    socket.once('error', (error) => fail(error.message));
  });
}
