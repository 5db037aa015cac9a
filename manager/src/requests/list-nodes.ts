import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { ListNodes } from '@hecate/proto/generated/wire.ts';
import { nodeInfo } from '../core/fleet.ts';
import { selectNodes } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

/** Every node that is allowed, with its state; nothing is asked of anybody. */
export async function listNodes({ value, context }: OperatorRequest<ListNodes>): Promise<Outcome> {
  const { nodes } = value;
  const isEveryNode = !nodes || nodes.all || nodes.patterns.length === 0;
  const selected = isEveryNode
    ? [...context.fleet.state.nodes.values()]
    : selectNodes(context.fleet.state, nodes);
  const certificates = new Map(
    context.trust.list('node').map((identity) => [identity.name, identity.notAfterMs]),
  );
  const infos = selected.map((node) => ({
    ...nodeInfo(node),
    lastSeenMs: node.connection === 'online' ? context.clock.wallMs() : node.lastSeenMs,
    certificateNotAfterMs: certificates.get(node.name) ?? 0,
  }));
  return { case: 'nodes', value: { nodes: infos } };
}
