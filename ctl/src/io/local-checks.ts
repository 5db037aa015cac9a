/** What can be found out on this side, before and without the manager. */

import { lookup } from 'node:dns/promises';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { ManagerTarget } from '../core/manager-target.ts';

export interface Check {
  readonly subject: string;
  readonly isPassed: boolean;
  readonly detail: string;
  readonly remedy: string;
}

const passed = (subject: string, detail: string): Check => ({ subject, isPassed: true, detail, remedy: '' });
const failed = (subject: string, detail: string, remedy: string): Check => ({
  subject,
  isPassed: false,
  detail,
  remedy,
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function checkSocket(path: string): Promise<Check[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    return [
      failed(
        'socket',
        `there is no ${path}`,
        'systemctl status hecate-manager; or --manager HOST if it runs elsewhere',
      ),
    ];
  }
  if (!found.isSocket())
    return [failed('socket', `${path} is not a socket`, 'give the path of the manager with --socket')];
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return [passed('socket', `${path} is there and you may use it`)];
  } catch {
    return [
      failed(
        'socket',
        `you may not use ${path}`,
        'use sudo, or join the group that owns it (ls -l shows it)',
      ),
    ];
  }
}

/** Long enough for a lost SYN to be sent again twice. */
const connectTimeLimitMs = 4000;

function checkPort(host: string, port: number): Promise<Check> {
  const subject = 'port';
  const remedy = `is the manager up, and does a firewall let ${port} through? ss -ltn on its host`;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (check: Check): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(check);
    };
    const timer = setTimeout(
      () =>
        finish(
          failed(
            subject,
            `${host}:${port} does not answer within ${formatDuration(connectTimeLimitMs)}`,
            remedy,
          ),
        ),
      connectTimeLimitMs,
    );
    socket.once('connect', () => finish(passed(subject, `${host}:${port} takes connections`)));
    socket.on('error', (error) => finish(failed(subject, `${host}:${port}: ${error.message}`, remedy)));
  });
}

async function checkAddress(address: string): Promise<Check[]> {
  const parsed = parseManagerAddress(address);
  if (!parsed) return [failed('name', `${address} is no address`, 'write it as HOST or HOST:PORT')];
  const { host, port } = parsed;
  try {
    const { address: ip } = await lookup(host);
    return [
      passed('name', host === ip ? `${host} is an address` : `${host} is ${ip}`),
      await checkPort(ip, port),
    ];
  } catch (error) {
    return [
      failed(
        'name',
        `${host} cannot be resolved: ${messageOf(error)}`,
        `getent hosts ${host}; add it to the DNS or to /etc/hosts`,
      ),
    ];
  }
}

async function checkIdentity(directory: string, nowMs: number): Promise<Check> {
  const { hasIdentity, readIdentity } = await import('@hecate/proto/io/identity-store.ts');
  const again = 'hecatectl operator enroll NAME on the manager, then hecatectl join here';
  try {
    if (!hasIdentity(directory)) return failed('identity', `there is none in ${directory}`, again);
    const { notAfterMs, notBeforeMs } = readIdentity(directory);
    const dates = `valid from ${new Date(notBeforeMs).toISOString()} to ${new Date(notAfterMs).toISOString()}`;
    if (nowMs > notAfterMs) return failed('identity', `the certificate has ended: ${dates}`, again);
    if (nowMs < notBeforeMs)
      return failed('clock', `the certificate is not valid yet: ${dates}`, 'timedatectl status');
    return passed('identity', `the certificate is ${dates}`);
  } catch (error) {
    return failed('identity', messageOf(error), again);
  }
}

export async function localChecks(
  target: ManagerTarget,
  identityDirectory: string,
  nowMs: number,
): Promise<Check[]> {
  if (target.kind === 'socket') return checkSocket(target.path);
  const addresses = await Promise.all(target.addresses.map(checkAddress));
  return [...addresses.flat(), await checkIdentity(identityDirectory, nowMs)];
}
