/** What happens in a session with an agent: its notices feed the fleet, its requests are answered. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { OperationRunner } from '../operation-runner.ts';
import type { AcceptedPeer } from '../trust/peer-identity.ts';
import type { TrustService } from '../trust-service.ts';

export interface AgentRequestPorts {
  readonly node: NodeName;
  /** The certificate that the session was opened with; none on the plain loopback listener. */
  readonly peer: AcceptedPeer | undefined;
  readonly operations: OperationRunner;
  readonly trust: TrustService;
}

export async function answerAgent(request: IncomingRequest, ports: AgentRequestPorts): Promise<Outcome> {
  const { method } = request;
  switch (method.case) {
    case 'reportOutcomes':
      await ports.operations.reported(ports.node, method.value.outcomes);
      return { case: 'done', value: {} };
    case 'renewCertificate':
      return { case: 'certificate', value: await ports.trust.renew(ports.peer, method.value) };
    default:
      throw new HecateError('HEC_UNSUPPORTED', `an agent cannot ask ${method.case}`);
  }
}
