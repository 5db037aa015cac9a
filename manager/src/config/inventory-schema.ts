/** `inventory` and `hooks`: the nodes of the site, and the coordinator's commands. */
import { limits } from '@hecate/proto/core/limits.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { z } from 'zod';
import { nodeRoles } from '../core/plan/select-nodes.ts';
import { hostLeaf, listOf, nodeNameLeaf, switchLeaf, wholeNumberLeaf, wordLeaf } from './config-leaves.ts';
import { declaredNameLeaf, hostCommandLeaf, ipv4Leaf, macAddressLeaf, unitsLeaf } from './plan-leaves.ts';

const group = { error: 'expected a map of keys' };
const nodesMax = limits.listLengthMax;
const hooksMax = 64;
const portMax = 65_535;
const feedsMax = 8;
/** SSH: it answers, or refuses, on nearly every host that is up. */
const probePort = 22;

const node = z.strictObject(
  {
    name: nodeNameLeaf({ description: 'The name that its agent has.', example: 'srv-1' }),
    role: wordLeaf(
      {
        description:
          'What it is to the cluster: server (k3s with etcd), agent (k3s without), storage (what servers keep their data on), coordinator (the node that this manager runs on, at most one: it is powered off last), other.',
        example: 'server',
      },
      nodeRoles,
    ).default('other'),
    depends_on: listOf(
      nodeNameLeaf({ description: 'The name of a node.' }),
      {
        description:
          'Nodes that must be up while this one is: it is powered off before them, and woken after them. Roles imply more: agents depend on every server, servers on every storage.',
        example: '[nas]',
      },
      { min: 0, max: nodesMax, of: 'nodes', keyOf: (name) => name },
    ).prefault([]),
    units: unitsLeaf({
      description:
        'The units that its stage starts and stops, in the order of starting. Default: k3s.service of a server, k3s-agent.service of an agent, else none.',
      example: '[k3s.service]',
    }).optional(),
    mac_address: macAddressLeaf({
      description:
        'For Wake-on-LAN. Without it and without wake_command it is not woken: it must come up by itself.',
      example: '"52:54:00:12:34:56"',
    }).optional(),
    wake_address: ipv4Leaf({
      description:
        'Where the magic packet is sent: a broadcast address. 255.255.255.255 stands for every network that the host of the manager is in.',
      example: '192.0.2.255',
    }).prefault('255.255.255.255'),
    wake_command: hostCommandLeaf({
      description:
        'Program and arguments that switch the host on, by its BMC for one; run on the coordinator without a shell, with the name of the node in HECATE_NODE, and again every half minute until the host is online. With mac_address beside it: both.',
      example: '[/usr/bin/ipmitool, -H, srv-1-bmc, -f, /etc/hecate/bmc.password, chassis, power, on]',
    }).optional(),
    address: hostLeaf({
      description:
        'A host name or IP address to look at it from outside, for whether it is off. Default: where its agent last dialled from.',
      example: 'srv-1.lan',
    }).optional(),
    probe_port: wholeNumberLeaf(
      {
        description: 'A TCP port that answers, or refuses, while the host is up.',
        example: String(probePort),
      },
      1,
      portMax,
    ).default(probePort),
    feeds: listOf(
      declaredNameLeaf({ description: 'The name of a UPS of `power`.' }),
      {
        description:
          'The UPSes that its power supplies hang on. Default: all of `power.upses`, of which one is enough.',
        example: '[rack-a, rack-b]',
      },
      { min: 1, max: feedsMax, of: 'feeds', keyOf: (name) => name },
    ).optional(),
    min_feeds: wholeNumberLeaf(
      { description: 'How many of its feeds it needs to stay up.', example: '1' },
      1,
      feedsMax,
    ).default(1),
  },
  group,
);

type NodeFile = z.output<typeof node>;

/** Reports one key of one node. */
type Report = (index: number, key: readonly PropertyKey[], message: string, remedy: string) => void;

function checkDependencies(nodes: readonly NodeFile[], report: Report): void {
  const names = new Set<string>(nodes.map(({ name }) => name));
  nodes.forEach(({ name, depends_on }, index) => {
    depends_on.forEach((other, position) => {
      if (other !== name && names.has(other)) return;
      const near = nearestWord(
        other,
        [...names].filter((known) => known !== name),
      );
      const remedy = near === undefined ? 'remove it, or declare that node' : `did you mean ${near}?`;
      report(index, ['depends_on', position], 'expected the name of another node of the inventory', remedy);
    });
  });
}

/** What only one node may have. */
function checkOnce(nodes: readonly NodeFile[], report: Report): void {
  const coordinator = nodes.findIndex(({ role }) => role === 'coordinator');
  nodes.forEach(({ name, role, mac_address }, index) => {
    if (name === 'all') report(index, ['name'], 'expected a name other than all', 'all means every node');
    if (role === 'coordinator' && index !== coordinator) {
      const message = `expected at most one coordinator, and ${nodes[coordinator]?.name} is it`;
      report(index, ['role'], message, 'the coordinator is the node that this manager runs on');
    }
    const same = nodes.findIndex((other) => other.mac_address === mac_address);
    if (mac_address === undefined || same === index) return;
    const message = `expected another MAC address than that of ${nodes[same]?.name}`;
    report(index, ['mac_address'], message, 'ip link shows it on the node');
  });
}

const undeclaredFeed =
  'declare it in power.upses, also where its NUT server is on another host; what only another site watches is not named here: that site forwards (power.forward there)';

/** Feeds are declared UPSes, and a node needs no more of them than it has. */
export function checkFeeds(
  nodes: readonly NodeFile[],
  upses: readonly { readonly name: string }[],
  context: z.core.$RefinementCtx,
): void {
  const names = upses.map(({ name }) => name);
  const report = (path: readonly PropertyKey[], message: string, remedy: string): void =>
    context.addIssue({ code: 'custom', path: ['inventory', ...path], message, params: { remedy } });
  nodes.forEach(({ feeds, min_feeds }, index) => {
    feeds?.forEach((feed, position) => {
      if (names.includes(feed)) return;
      const near = nearestWord(feed, names);
      const remedy = near === undefined ? undeclaredFeed : `did you mean ${near}?`;
      report([index, 'feeds', position], 'expected the name of a UPS of power.upses', remedy);
    });
    const most = feeds?.length ?? Math.max(1, names.length);
    if (min_feeds <= most) return;
    report(
      [index, 'min_feeds'],
      `expected at most ${most}: it has no more feeds`,
      'name more feeds, or need fewer',
    );
  });
}

export const inventory = listOf(
  node,
  {
    description: 'The nodes of the site that plans are made of. Without it there are no plans.',
    example: '[{ name: nas, role: storage }, { name: srv-1, role: server, depends_on: [nas] }]',
  },
  { min: 0, max: nodesMax, of: 'nodes', keyOf: ({ name }) => name },
)
  .superRefine((nodes, context) => {
    const report: Report = (index, key, message, remedy) =>
      context.addIssue({ code: 'custom', path: [index, ...key], message, params: { remedy } });
    checkDependencies(nodes, report);
    checkOnce(nodes, report);
  })
  .prefault([]);

const hook = z.strictObject(
  {
    command: hostCommandLeaf({
      description: 'Program and arguments, run on the coordinator without a shell.',
      example: '[/usr/local/bin/cordon-all]',
    }),
    repeatable: switchLeaf({
      description:
        'Whether it may be run once more when it is not known whether it ended: after a crash of the manager.',
      example: 'true',
    }).default(false),
  },
  group,
);

export const hooks = z
  .record(declaredNameLeaf({ description: 'The name of a hook.' }), hook, group)
  .superRefine((given, context) => {
    if (Object.keys(given).length <= hooksMax) return;
    context.addIssue({ code: 'custom', message: `expected at most ${hooksMax} hooks` });
  })
  .meta({
    description: 'Commands of the coordinator, by name, that steps can run.',
    example: '{ cordon: { command: [/usr/local/bin/cordon-all], repeatable: true } }',
  })
  .prefault({});
