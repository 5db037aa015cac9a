/** A host that tries to open a session with the papers it has, and what the manager says to it. */

import type { Hello, PeerKind } from '../../../proto/src/generated/wire.ts';
import { dialWebSocket } from '../../../proto/src/io/dial-websocket.ts';
import { readIdentity, type StoredIdentity } from '../../../proto/src/io/identity-store.ts';
import type { ClientTlsOptions } from '../../../proto/src/io/pinned-tls.ts';
import { Session } from '../../../proto/src/io/session-host.ts';
import { systemClock } from '../../../proto/src/io/system-clock.ts';
import type { Address } from '../../nodes/node.ts';
import type { SiteAgent } from '../../site/site-agent.ts';
import { helloOf, type Papers } from './stranger.ts';

/** Why the session ended; `welcomed` when it did not. */
export interface Answer {
  readonly code: string;
  readonly message: string;
}

const welcomed: Answer = { code: 'welcomed', message: '' };

/** The identity that an agent of the test site has on disk: user-mode nodes share the host's files. */
export const identityOf = (agent: SiteAgent): StoredIdentity => readIdentity(`${agent.folder}/identity`);

/** A session with the papers, as the test's own process; the caller ends it. */
export async function openSession(
  to: Address,
  papers: Papers | undefined,
  hello: Hello,
  onEnded: (answer: Answer) => void = () => undefined,
): Promise<{ session: Session; answer: Answer }> {
  const shown = papers ? { cert: papers.certificatePem, key: papers.privateKeyPem } : {};
  const tls = { ...shown, minVersion: 'TLSv1.3', rejectUnauthorized: false } as ClientTlsOptions;
  const limits = { connectTimeLimitMs: 5000, greetingTimeLimitMs: 10_000 };
  const transport = await dialWebSocket({ address: { ...to }, tls, ...limits });
  return new Promise((resolve) => {
    const session = new Session('dialler', transport, systemClock, {
      onEstablished: () => resolve({ session, answer: welcomed }),
      onEnded: ({ code, message }) => {
        onEnded({ code, message });
        resolve({ session, answer: { code, message } });
      },
    });
    session.open(hello);
  });
}

/** Tries once, and goes away again. */
export async function knock(
  to: Address,
  papers: Papers | undefined,
  peerKind: PeerKind,
  name: string,
): Promise<Answer> {
  const hello = helloOf(peerKind, name);
  if (hello.case !== 'hello') throw new Error('no hello');
  const { session, answer } = await openSession(to, papers, hello.value);
  session.end('HEC_SHUTTING_DOWN', 'only looking');
  return answer;
}
