/** The units of a cluster's nodes: to systemd the same as those of k3s, with a real etcd where it decides. */
import type { BootedNode } from '../nodes/booted-node.ts';

/** etcd's own ports, which k3s's embedded one has, too. */
const clientPort = 2379;
const peerPort = 2380;

/** Where the scripts that stand in lie on a node: in the repository, as the node sees it. */
const scripts = (node: BootedNode): string => `${node.repository}/test/site`;

/** What the units of k3s and k3s-agent have in common: systemd kills only their main process, and never times out. */
function k3sUnit(node: BootedNode, description: string, lines: readonly string[]): string {
  return [
    '[Unit]',
    `Description=${description}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '[Service]',
    'Type=notify',
    'KillMode=process',
    'Delegate=yes',
    'TasksMax=infinity',
    'TimeoutStartSec=0',
    'Restart=always',
    'RestartSec=5s',
    ...lines,
    `ExecStartPost=${scripts(node)}/pod-stand-in.sh start`,
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

const url = (node: BootedNode, port: number): string => `http://${node.address}:${port}`;

/**
 * k3s.service of a server: a member of a real etcd cluster of all `servers`, whose data is on the node's disk. As with
 * k3s it is ready only with a quorum, and alone it waits without end.
 */
export function serverUnit(node: BootedNode, servers: readonly BootedNode[]): string {
  const members = servers.map((server) => `${server.name}=${url(server, peerPort)}`);
  const environment = {
    ETCD_NAME: node.name,
    ETCD_DATA_DIR: '/var/lib/rancher/k3s/server/db/etcd',
    ETCD_LISTEN_PEER_URLS: url(node, peerPort),
    ETCD_INITIAL_ADVERTISE_PEER_URLS: url(node, peerPort),
    ETCD_LISTEN_CLIENT_URLS: `http://0.0.0.0:${clientPort}`,
    ETCD_ADVERTISE_CLIENT_URLS: url(node, clientPort),
    ETCD_INITIAL_CLUSTER: members.join(','),
    ETCD_INITIAL_CLUSTER_STATE: 'new',
    ETCD_INITIAL_CLUSTER_TOKEN: 'k3s',
  };
  const lines = Object.entries(environment).map(([key, value]) => `Environment=${key}=${value}`);
  return k3sUnit(node, 'A server of k3s, as far as etcd', [...lines, 'ExecStart=/usr/bin/etcd']);
}

/** k3s-agent.service of a worker: ready once a server answers, which it does with a quorum. */
export function workerUnit(node: BootedNode, servers: readonly BootedNode[]): string {
  const addresses = servers.map((server) => server.address).join(' ');
  return k3sUnit(node, 'An agent of k3s, as far as systemd', [
    'NotifyAccess=all',
    `ExecStart=${scripts(node)}/k3s-agent-stand-in.sh ${addresses}`,
  ]);
}
