/** The manager's socket out of its configuration: for --config. Everything else in the file is the manager's business. */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { parse } from 'yaml';
import { defaultSocketPath } from '../core/manager-target.ts';

/** Of those that this user may open, the one that allows the most is taken. */
const roles = ['viewer', 'operator', 'admin'];

interface DeclaredSocket {
  readonly path: string;
  readonly role: string;
}

/** @throws HEC_CONFIG: not readable, not YAML, or without a socket */
export async function socketOfConfig(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    throw bad(
      path,
      `cannot be read: ${asHecateError(thrown).message}`,
      'name the configuration of the manager',
    );
  });
  const sockets = declaredSockets(path, text).toSorted(
    (a, b) => roles.indexOf(b.role) - roles.indexOf(a.role),
  );
  const usable = await Promise.all(
    sockets.map(async (socket) => ((await isUsable(socket.path)) ? socket : undefined)),
  );
  // Of none that may be opened, the first says why when it is dialled.
  const chosen = usable.find((socket) => socket !== undefined) ?? sockets[0];
  if (chosen) return chosen.path;
  throw bad(path, 'declares no socket for operators', 'reach the manager with --manager HOST');
}

function declaredSockets(path: string, text: string): DeclaredSocket[] {
  const value = parseYaml(path, text) ?? {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw bad(path, 'is not a map of keys', 'is it the configuration of the manager?');
  if (!('sockets' in value)) return [{ path: defaultSocketPath, role: 'admin' }];
  const { sockets } = value;
  if (!Array.isArray(sockets) || !sockets.every(isSocket)) {
    const message = 'sockets: expected a list of maps with path and role';
    throw bad(path, message, `hecate-manager --check --config ${path}`);
  }
  return sockets;
}

function isSocket(value: unknown): value is DeclaredSocket {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('role' in value)) return false;
  return typeof value.path === 'string' && typeof value.role === 'string';
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (thrown) {
    const [line = ''] = asHecateError(thrown).message.split('\n');
    throw bad(path, line, `hecate-manager --check --config ${path}`, thrown);
  }
}

const isUsable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );

const bad = (path: string, message: string, remedy: string, cause?: unknown): HecateError =>
  new HecateError('HEC_CONFIG', `${path}: ${message}`, remedy, cause);
