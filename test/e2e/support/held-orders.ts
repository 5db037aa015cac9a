/** The dead man's orders of nodes that are up, as they lie on their disks. */
import { until } from '../../nodes/until.ts';
import type { ClusterSite } from '../../site/cluster-site.ts';

export const orderFile = '/var/lib/hecate-agent/armed-order.json';

/** Waits until every node holds one. @returns when each begins at the earliest, by node, in the clock of the host */
export async function heldOrders(cluster: ClusterSite): Promise<Record<string, number>> {
  const orders = cluster.nodes.map(async (node): Promise<[string, number]> => {
    const text = await until(async () => (await node.run(['cat', orderFile])).stdout, {
      what: `${node.name} holds its order`,
    });
    return [node.name, (JSON.parse(text) as { beginAtClockMs: number }).beginAtClockMs];
  });
  return Object.fromEntries(await Promise.all(orders));
}
