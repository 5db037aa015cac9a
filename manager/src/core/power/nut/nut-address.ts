/** A UPS as operators of NUT write it: `ups@host:port`, as for upsc and in upsmon.conf. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { excerpt } from './nut-line.ts';

export interface NutAddress {
  /** The name of the UPS on its server. */
  readonly nutName: string;
  readonly host: string;
  readonly port: number;
}

/** The port that IANA gave to NUT. */
export const defaultNutPort = 3493;

const pattern = /^([A-Za-z0-9_.-]+)(?:@(?:\[([0-9A-Fa-f:.%\w]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?)?$/;

/**
 * Without a host: this one; without a port: NUT's own.
 * @throws HEC_CONFIG
 */
export function parseNutAddress(text: string): NutAddress {
  const [, nutName, bracketed, named = 'localhost', digits] = pattern.exec(text) ?? [];
  const port = digits === undefined ? defaultNutPort : Number(digits);
  if (nutName === undefined || port < 1 || port > 65_535) {
    throw new HecateError(
      'HEC_CONFIG',
      `${excerpt(text)} is no UPS: expected ups, ups@host or ups@host:port`,
      'see `upsc -l HOST` for the names on a server; an IPv6 address stands in brackets',
    );
  }
  return { nutName, host: bracketed ?? named, port };
}
