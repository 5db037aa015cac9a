/** What happens in a session with the manager of another site: it forwards triggers, and may do nothing else. */
import { failureOf } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { RequestContext } from '../requests/context.ts';
import type { PeerCaller } from './session-desk.ts';

export interface PeerRequestContext {
  readonly power: { readonly forwards: Pick<RequestContext['power']['forwards'], 'desk'> };
  readonly trust: Pick<RequestContext['trust'], 'renew'>;
  readonly audit: Pick<RequestContext['audit'], 'append'>;
}

export async function answerPeer(
  caller: PeerCaller,
  request: IncomingRequest,
  context: PeerRequestContext,
): Promise<Outcome> {
  const { method } = request;
  const { desk } = context.power.forwards;
  if (method.case === 'renewCertificate')
    return { case: 'certificate', value: await context.trust.renew(caller.peer, method.value) };
  const entry = { who: `peer ${caller.name}`, from: caller.from, what: method.case };
  try {
    const { outcome, isNews } = await desk.answer(caller.name, caller.sessionId, request);
    // Each is asked again every second, to hear how far it is: what is new is written down.
    if (isNews) context.audit.append({ ...entry, outcome: 'done' });
    return outcome;
  } catch (error) {
    const { code, message } = failureOf(error);
    if (method.case !== 'tellStanding')
      context.audit.append({ ...entry, outcome: 'failed', code, reason: message });
    throw error;
  }
}
