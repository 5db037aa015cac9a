/** What speaks against changing this host just now. */
import { readFileIfThere } from '@hecate/proto/io/atomic-file.ts';
import { hindranceOfManager } from './manager-questions.ts';
import { serviceStates } from './services.ts';

/** An agent holds it while a shutdown goes on: what is to be done here alone, should the network go. */
const armedOrder = '/var/lib/hecate-agent/armed-order.json';

/** A sentence; empty: nothing does. */
export async function hindranceHere(): Promise<string> {
  if ((await readFileIfThere(armedOrder)) !== undefined)
    return 'the agent holds the order of a shutdown that goes on';
  const services = await serviceStates();
  const manager = services.find(({ name }) => name === 'hecate-manager.service');
  if (manager?.isActive) return hindranceOfManager();
  // One that is started again and again, or is on its way: what it would say is not known (I12).
  return !manager || manager.words.startsWith('inactive')
    ? ''
    : `whether a run goes on is not known: ${manager.name} is ${manager.words}`;
}
