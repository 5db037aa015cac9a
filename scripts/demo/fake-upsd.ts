/**
 * A fake upsd for demonstrations on hosts without NUT: one UPS that says what it is told to. It knows what a watcher
 * asks, and says the rest in upsd's words for what it does not know.
 */
import { FakeNutServer, listOfVariables } from '../../test/nut/fake-nut-server.ts';
import type { Scope } from '../../test/nut/upsd.ts';
import type { Variables } from '../../test/nut/upsd-files.ts';
import type { ToldUps } from './told-ups.ts';

export async function startFakeUpsd(scope: Scope, ups: string, first: Variables): Promise<ToldUps> {
  let values = first;
  const answerTo = (line: string): string => {
    const [command = '', what = '', name = '', variable = ''] = line.trim().split(/\s+/);
    if (command === 'VER') return 'a fake upsd, for demonstrations\n';
    if (command === 'LOGOUT') return 'OK Goodbye\n';
    if (command === 'STARTTLS') return 'ERR FEATURE-NOT-CONFIGURED\n';
    if (what !== 'VAR' || (command !== 'LIST' && command !== 'GET')) return 'ERR UNKNOWN-COMMAND\n';
    if (name !== ups) return 'ERR UNKNOWN-UPS\n';
    if (command === 'LIST') return listOfVariables(ups, values);
    const value = values[variable];
    return value === undefined ? 'ERR VAR-NOT-SUPPORTED\n' : `VAR ${ups} ${variable} "${value}"\n`;
  };
  const server = await FakeNutServer.start(scope, (line, socket) => {
    socket.write(answerTo(line));
    if (line.startsWith('LOGOUT')) socket.end();
  });
  return {
    host: server.host,
    port: server.port,
    isReal: false,
    set: async (changes) => {
      values = { ...values, ...changes };
    },
  };
}
