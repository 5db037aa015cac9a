/** What a UPS can be asked to do: its commands, its variables, and which of them can be set. To ask takes no user. */
import type { UpsOffer } from '../../core/power/site/output-cut.ts';
import { NutConnection } from './nut-connection.ts';
import type { NutServer } from './nut-server.ts';

/** @throws NutRefusal, HEC_UPS, HEC_TLS, HEC_PROTOCOL, HEC_CONFIG */
export async function readUpsOffer(server: NutServer, nutName: string): Promise<UpsOffer> {
  const connection = await NutConnection.open(server);
  try {
    return {
      commands: await connection.listNames('CMD', nutName),
      settable: await connection.listNames('RW', nutName),
      variables: await connection.listVariables(nutName),
    };
  } finally {
    connection.close();
  }
}
