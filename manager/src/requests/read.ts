/** Reads that only the nodes can answer, asked of many at once and told node by node. */
import { asHecateError, failureOf, HecateError } from '@hecate/proto/core/errors.ts';
import type { Item, Outcome } from '@hecate/proto/core/frames.ts';
import type { NodeReading, Query, Read } from '@hecate/proto/generated/wire.ts';
import { createNodeReading } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from '../core/fleet.ts';
import { selectNodes } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

const timeLimitMsDefault = 30_000;

export async function read(request: OperatorRequest<Read>): Promise<Outcome> {
  const { value, context, incoming } = request;
  const { query } = value;
  if (!query || query.query.case === undefined) throw new HecateError('HEC_USAGE', 'a read without a query');
  const nodes = selectNodes(context.fleet.state, value.nodes);
  let failures = 0;
  const tell = (node: string, reading: NodeReading['reading']) =>
    incoming.sendItem({ case: 'reading', value: createNodeReading({ node, reading }) });
  await Promise.all(
    nodes.map(async (node) => {
      try {
        await tell(node.name, { case: 'result', value: await ask(node, query, request, tell) });
      } catch (error) {
        failures += 1;
        await tell(node.name, { case: 'failure', value: failureOf(error) });
      }
    }),
  );
  return { case: 'readSummary', value: { nodes: nodes.length, failures } };
}

type Tell = (node: string, reading: NodeReading['reading']) => Promise<boolean>;

async function ask(node: FleetNode, query: Query, request: OperatorRequest<Read>, tell: Tell) {
  const { context, incoming, value } = request;
  const session = context.sessionOf(node.name);
  if (!session) {
    throw new HecateError(
      'HEC_OFFLINE',
      `${node.name} is offline: ${node.offlineReason}`,
      `hecatectl doctor ${node.name}`,
    );
  }
  const timeLimitMs = Math.min(value.timeLimitMs || timeLimitMsDefault, incoming.timeLimitMs);
  const outcome = await session
    .call(
      { case: 'query', value: query },
      { timeLimitMs, signal: incoming.signal, onItem: (item) => relay(item, node.name, tell) },
    )
    .catch((error) => {
      throw endedMeanwhile(node.name, error);
    });
  if (outcome.case !== 'queryResult')
    throw new HecateError('HEC_PROTOCOL', `an answer of kind ${outcome.case}`);
  return outcome.value;
}

/** Waits until the caller took it: the node is not read faster than its reader reads. */
async function relay(item: Item, node: string, tell: Tell): Promise<void> {
  if (item.case === 'logs') await tell(node, { case: 'logs', value: { ...item.value, node } });
  if (item.case === 'unitFiles') await tell(node, { case: 'unitFiles', value: { ...item.value, node } });
}

const sessionEnds = new Set(['HEC_CONNECTION', 'HEC_HEARTBEAT', 'HEC_REPLACED', 'HEC_SHUTTING_DOWN']);

function endedMeanwhile(node: string, thrown: unknown): HecateError {
  const error = asHecateError(thrown);
  if (!sessionEnds.has(error.code)) return error;
  return new HecateError(
    'HEC_OFFLINE',
    `${node} went offline while it was asked`,
    `hecatectl doctor ${node}`,
    error,
  );
}
