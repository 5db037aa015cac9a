/** What upsd says no with: `ERR <code>` (docs/net-protocol.txt of NUT, "Error responses"), as a table. */
import { type ErrorCode, HecateError } from '@hecate/proto/core/errors.ts';
import type { LookFailure } from '../ups/ups-sample.ts';
import { excerpt } from './nut-line.ts';

interface RefusalEntry {
  /** What a look that was refused so tells of the UPS. */
  readonly failure: LookFailure;
  readonly error: ErrorCode;
  readonly meaning: string;
  readonly remedy: string;
}

const entry = (error: ErrorCode, meaning: string, remedy: string, failure: LookFailure = 'server-lost') => ({
  failure,
  error,
  meaning,
  remedy,
});

const users = 'see upsd.users on that server: the user, its password and its rights; then `upsd -c reload`';
const driver = 'see the log of the driver on that server, and whether the cable is in';
const version = 'the server may be too old: NUT 2.7 and newer are known to work';
const device = 'see which ones the device knows: `upscmd -l` and `upsrw` on that server';
const tls = 'see CERTFILE or CERTPATH in upsd.conf on that server, or ask for no TLS';
const us = 'this is a fault in Hecate: please report it with the log';

export const nutRefusals = {
  'ACCESS-DENIED': entry(
    'HEC_CONFIG',
    'the user may not do this, or the password is wrong',
    users,
    'access-denied',
  ),
  'UNKNOWN-UPS': entry(
    'HEC_CONFIG',
    'the server has no UPS of this name',
    'see `upsc -l` on that server',
    'unknown-ups',
  ),
  'DATA-STALE': entry('HEC_UPS', 'the driver hears nothing from the UPS', driver, 'data-stale'),
  'DRIVER-NOT-CONNECTED': entry(
    'HEC_UPS',
    'the driver of the UPS is not running',
    driver,
    'driver-not-connected',
  ),
  'VAR-NOT-SUPPORTED': entry('HEC_UNSUPPORTED', 'the UPS has no such variable', device),
  'CMD-NOT-SUPPORTED': entry('HEC_UNSUPPORTED', 'the UPS has no such command', device),
  'INVALID-ARGUMENT': entry('HEC_UNSUPPORTED', 'the server does not take these arguments', device),
  'INVALID-VALUE': entry('HEC_UNSUPPORTED', 'the value is not allowed', device),
  'TOO-LONG': entry('HEC_UNSUPPORTED', 'the value is too long', device),
  READONLY: entry('HEC_UNSUPPORTED', 'the variable cannot be set', device),
  'INSTCMD-FAILED': entry('HEC_UPS', 'the driver did not take the command', driver),
  'SET-FAILED': entry('HEC_UPS', 'the driver did not take the value', driver),
  FAILED: entry('HEC_UNSUPPORTED', 'the UPS did not carry the command out', device),
  UNKNOWN: entry('HEC_UNSUPPORTED', 'the driver does not know the command', device),
  'USERNAME-REQUIRED': entry('HEC_CONFIG', 'the server asks for a user', users, 'access-denied'),
  'PASSWORD-REQUIRED': entry('HEC_CONFIG', 'the server asks for a password', users, 'access-denied'),
  'INVALID-USERNAME': entry('HEC_CONFIG', 'the server does not take this user', users, 'access-denied'),
  'INVALID-PASSWORD': entry('HEC_CONFIG', 'the server does not take this password', users, 'access-denied'),
  'ALREADY-SET-USERNAME': entry('HEC_INTERNAL', 'a user was named twice', us),
  'ALREADY-SET-PASSWORD': entry('HEC_INTERNAL', 'a password was sent twice', us),
  'ALREADY-LOGGED-IN': entry('HEC_INTERNAL', 'a login was sent twice', us),
  'ALREADY-SSL-MODE': entry('HEC_INTERNAL', 'TLS was asked for twice', us),
  'FEATURE-NOT-CONFIGURED': entry('HEC_TLS', 'TLS is not set up on the server', tls),
  'FEATURE-NOT-SUPPORTED': entry('HEC_TLS', 'the server was built without TLS', tls),
  'TLS-NOT-ENABLED': entry('HEC_TLS', 'TLS is not set up on the server', tls),
  'UNKNOWN-COMMAND': entry('HEC_UNSUPPORTED', 'the server does not know the command', version),
} as const satisfies Record<string, RefusalEntry>;

export type NutErrorCode = keyof typeof nutRefusals;

const isKnown = (code: string): code is NutErrorCode => Object.hasOwn(nutRefusals, code);

/** The server's no, typed. */
export class NutRefusal extends HecateError {
  /** undefined: a code that no NUT we know sends; the message holds it. */
  readonly nutCode: NutErrorCode | undefined;
  readonly failure: LookFailure;

  constructor(code: string, command: string, server: string) {
    const known = isKnown(code) ? code : undefined;
    const { error, meaning, remedy, failure } = known ? nutRefusals[known] : stranger;
    const told = known ?? excerpt(code);
    super(error, `${server} refused ${command}: ${told}, ${meaning}`, remedy);
    this.name = 'NutRefusal';
    this.nutCode = known;
    this.failure = failure;
  }
}

const stranger: RefusalEntry = entry('HEC_PROTOCOL', 'which is no error that NUT has', version);
